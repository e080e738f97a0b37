// What each shell is told: which function completes `uveth`. It hands the words typed so far, the unfinished one last, to
// `uveth completion words`, and lets the shell choose among the lines that come back.

const BASH = `# uveth completion for bash: source <(uveth completion bash)
_uveth() {
  local IFS=$'\\n'
  COMPREPLY=($(uveth completion words "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _uveth uveth
`;

const ZSH = `#compdef uveth
# uveth completion for zsh: source <(uveth completion zsh)
_uveth() {
  local -a found
  found=("\${(@f)$(uveth completion words "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
compdef _uveth uveth
`;

const FISH = `# uveth completion for fish: uveth completion fish | source
function __uveth_words
    set -l typed (commandline -opc) (commandline -ct)
    uveth completion words $typed[2..] 2>/dev/null
end
complete -c uveth -f -a '(__uveth_words)'
`;

/** The script of each shell that has one. */
export const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ["bash", BASH],
  ["zsh", ZSH],
  ["fish", FISH],
]);
