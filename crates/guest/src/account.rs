//! The account that the shells run as, and its home directory. It is read again for each shell, because the user may
//! change the login shell.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::{
        ffi::OsStrExt,
        fs as unix,
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

/// One line of `/etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Home directory.
    pub home: PathBuf,
    /// Login shell.
    pub shell: PathBuf,
}

impl Account {
    /// Finds `name` in the text of a password file.
    pub fn find(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [login, _, uid, gid, _, home, shell] = fields[..] else { return None };
            if login != name {
                return None;
            }
            let shell = if shell.is_empty() { "/bin/sh" } else { shell };
            let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
            Some(Self { name: login.into(), uid, gid, home: home.into(), shell: shell.into() })
        })
    }

    /// The account `name` of this container. An image without a matching line in `/etc/passwd` gets default values.
    pub fn lookup(name: &str) -> Self {
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::find(&passwd, name).unwrap_or_else(|| Self {
            name: name.into(),
            uid: 1000,
            gid: 1000,
            home: "/home/user".into(),
            shell: "/bin/sh".into(),
        })
    }

    /// Sets the command's user, group, login environment and working directory.
    pub fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
        command.env("HOME", &self.home).env("USER", &self.name).env("LOGNAME", &self.name).env("SHELL", &self.shell);
        command.current_dir(if self.can_enter_home() { &self.home } else { Path::new("/") });
    }

    /// False after `chmod 000 ~`, for example. The shell then starts in `/`, where the user can repair the permissions.
    fn can_enter_home(&self) -> bool {
        fs::metadata(&self.home).is_ok_and(|home| {
            let bit = match home {
                _ if home.uid() == self.uid => 0o100,
                _ if home.gid() == self.gid => 0o010,
                _ => 0o001,
            };
            home.is_dir() && home.mode() & bit != 0
        })
    }

    /// Fills an empty home directory (a new volume, owned by root) from the skeleton and changes its owner to the
    /// account. In a home directory with content only the owner of the directory itself is changed.
    ///
    /// # Errors
    /// The error of the file operation that failed.
    pub fn prepare_home(&self, skeleton: &Path) -> io::Result<()> {
        if is_empty(&self.home)? {
            copy_tree(skeleton, &self.home, (self.uid, self.gid), SKELETON_DEPTH_MAX)?;
            fs::set_permissions(&self.home, fs::Permissions::from_mode(0o750))?;
        }
        unix::lchown(&self.home, Some(self.uid), Some(self.gid))
    }
}

/// Directory levels of the skeleton that are copied.
const SKELETON_DEPTH_MAX: u32 = 16;

fn is_empty(dir: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        // Present in each new ext file system.
        if entry?.file_name() != "lost+found" {
            return Ok(false);
        }
    }
    Ok(true)
}

fn copy_tree(from: &Path, to: &Path, owner: (u32, u32), depth: u32) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() && depth > 0 {
            fs::create_dir(&target)?;
            fs::set_permissions(&target, entry.metadata()?.permissions())?;
            copy_tree(&entry.path(), &target, owner, depth - 1)?;
        } else if kind.is_symlink() {
            unix::symlink(fs::read_link(entry.path())?, &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        } else {
            continue;
        }
        unix::lchown(&target, Some(owner.0), Some(owner.1))?;
    }
    Ok(())
}

/// Argument 0 of a login shell, e.g. `-bash`.
pub fn login_arg0(shell: &Path) -> OsString {
    let mut name = OsString::from("-");
    name.push(shell.file_name().filter(|n| !n.as_bytes().is_empty()).unwrap_or("sh".as_ref()));
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_lines_of_the_password_file_are_skipped() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nuser:x:many:1000::/home/user:/bin/sh\nbroken\n\
                      user:x:1000:1001:,,,:/home/user:/usr/bin/fish\nempty:x:5:5::/:\n";
        let user = Account::find(passwd, "user").unwrap();
        assert_eq!((user.uid, user.gid, user.shell.to_str()), (1000, 1001, Some("/usr/bin/fish")));
        assert_eq!(Account::find(passwd, "empty").unwrap().shell, Path::new("/bin/sh"));
        assert_eq!(Account::find(passwd, "use"), None);
        assert_eq!(login_arg0(Path::new("/bin/bash")), "-bash");
        assert_eq!(login_arg0(Path::new("/")), "-sh");
    }

    #[test]
    fn only_an_empty_home_is_filled_from_the_skeleton() {
        let dir = std::env::temp_dir().join(format!("rexec-home-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        let (skeleton, home) = (dir.join("skel"), dir.join("home"));
        fs::create_dir_all(skeleton.join(".config/deep")).unwrap();
        fs::create_dir_all(home.join("lost+found")).unwrap();
        fs::write(skeleton.join(".bashrc"), "PS1=x").unwrap();
        fs::write(skeleton.join(".config/deep/a"), "1").unwrap();
        unix::symlink(".bashrc", skeleton.join("link")).unwrap();
        let own = fs::metadata(&dir).map(|m| std::os::unix::fs::MetadataExt::uid(&m)).unwrap();
        let account = Account { name: "t".into(), uid: own, gid: own, home: home.clone(), shell: "/bin/sh".into() };
        account.prepare_home(&skeleton).unwrap();
        assert_eq!(fs::read_to_string(home.join("link")).unwrap(), "PS1=x");
        assert_eq!(fs::read_to_string(home.join(".config/deep/a")).unwrap(), "1");
        fs::write(home.join(".bashrc"), "mine").unwrap();
        account.prepare_home(&skeleton).unwrap();
        assert_eq!(fs::read_to_string(home.join(".bashrc")).unwrap(), "mine");
        fs::remove_dir_all(&dir).unwrap();
    }
}
