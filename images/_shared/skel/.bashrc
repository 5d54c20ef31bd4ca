# Default shell settings of Rexec. You can edit this file; it is in your home directory.
case $- in *i*) ;; *) return ;; esac

HISTCONTROL=ignoreboth
HISTSIZE=10000
HISTFILESIZE=20000
shopt -s histappend checkwinsize globstar

# user@terminal in green (root in red), the directory in blue, the exit status in red after a failed command.
__rexec_prompt() {
  local status=$? who='1;32'
  [ "$EUID" = 0 ] && who='1;31'
  PS1="\[\e]0;\u@\h: \w\a\]\[\e[${who}m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]"
  [ $status != 0 ] && PS1+="\[\e[31m\] $status\[\e[0m\]"
  PS1+='\$ '
}
PROMPT_COMMAND=__rexec_prompt

[ -r /etc/profile.d/ls-colors.sh ] && . /etc/profile.d/ls-colors.sh
alias ls='ls --color=auto'
alias ll='ls -lh'
alias la='ls -lAh'
alias grep='grep --color=auto'
alias diff='diff --color=auto'
alias ip='ip -color=auto'
command -v fdfind >/dev/null && alias fd=fdfind

export EDITOR=nano PAGER=less LESS='-R -F -X'
[ -d "$HOME/.local/bin" ] && PATH="$HOME/.local/bin:$PATH"

# Completions are loaded at the first Tab, so that they do not delay the first prompt.
if [ -r /usr/share/bash-completion/bash_completion ]; then
  __rexec_completion() {
    complete -r -D 2>/dev/null
    . /usr/share/bash-completion/bash_completion
    return 124
  }
  complete -D -F __rexec_completion
fi
