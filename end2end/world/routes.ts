// Every REST route, read from the document the server itself publishes: a door that is added later is tried as well.
import type { Api } from "./api";

export interface Route {
  method: string;
  /** With `{parameters}`. */
  template: string;
}

interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, unknown>>;
}

const METHODS = ["get", "put", "post", "delete", "patch"];

export async function routesOf(api: Api): Promise<Route[]> {
  const document = await api.get<OpenApi>("/api/openapi.json");
  return Object.entries(document.paths).flatMap(([template, operations]) =>
    METHODS.filter((method) => method in operations).map((method) => ({ method: method.toUpperCase(), template })),
  );
}

/** The path with every parameter replaced by one text. */
export function filled(route: Route, value: string): string {
  return route.template.replace(/\{\w+\}/g, encodeURIComponent(value));
}

/** `GET /path`, as lists in tests write it. */
export function label(route: Route): string {
  return `${route.method} ${route.template}`;
}

/** Routes about one terminal. */
export function isAboutTerminal(route: Route): boolean {
  return /^\/api\/(security\/)?terminals?\/\{/.test(route.template);
}
