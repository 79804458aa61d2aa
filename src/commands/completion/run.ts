import type { Shell } from '../../add-command.ts';
import { exitCodes } from '../../exit-code.ts';
import type { Host } from '../../host.ts';
import { writeOutput } from '../../report/write-output.ts';

/** Runs `dreamina completion`, and prints the script for that shell. */
export async function runCompletion(shell: Shell, host: Host): Promise<number> {
  await writeOutput(scripts[shell], host);
  return exitCodes.success;
}

/** The scripts hold no candidates: they ask `dreamina complete`. */
const scripts: Readonly<Record<Shell, string>> = {
  // For bash 4, the first with mapfile and compopt.
  bash: `# bash completion for dreamina and dreamina-upload
_dreamina() {
  local reply
  COMPREPLY=()
  mapfile -t reply < <("\${1/#\\~\\//"$HOME"/}" complete bash -- "\${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null </dev/null)
  if [[ \${reply-} == words ]]; then
    compopt +o bashdefault +o default
    COMPREPLY=("\${reply[@]:2}")
    [[ \${COMPREPLY-} != *: ]] || compopt -o nospace
  elif [[ \${reply[2]-} ]]; then
    compopt -o filenames
    mapfile -t COMPREPLY < <(
      compgen -f -- "\${reply[3]}" | command grep -iE "\\.(\${reply[2]})$"
      compgen -d -- "\${reply[3]}"
    )
    COMPREPLY=("\${COMPREPLY[@]#"\${reply[1]}"}")
  fi
}
complete -o bashdefault -o default -F _dreamina dreamina dreamina-upload
`,
  zsh: `#compdef dreamina dreamina-upload
_dreamina() {
  local program=\${\${(Q)words[1]}/#\\~\\//$HOME/}
  local -a reply=("\${(@f)$("$program" complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  local -a candidates=("\${(@)reply[3,-1]}") nospace
  compset -p \${#reply[2]}
  if [[ $reply[1] == words ]]; then
    [[ $reply[3] != *: ]] || nospace=(-S '')
    _describe -t values value candidates "\${(@)nospace}"
  elif [[ -n $reply[3] ]]; then
    _files -g "*.(#i)($reply[3])(-.)"
  else
    _files
  fi
}
# In fpath, the first call is a completion already; sourced, it registers itself.
if [[ $funcstack[1] == _dreamina ]]; then
  _dreamina "$@"
else
  compdef _dreamina dreamina dreamina-upload
fi
`,
  fish: `# fish completion for dreamina and dreamina-upload
function __dreamina_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '^~/' $HOME/ -- $words[1])
    set -l reply ($program complete fish -- $words[2..] "$current" 2>/dev/null </dev/null)
    if test "$reply[1]" = words
        string join \\n -- $reply[3..]
    else
        set -l files (complete -C "'' $current")
        string match -ri "^.*(?:/|\\.(?:$reply[3]))\\$" -- $files
        or string join \\n -- $files
    end
end
for name in dreamina dreamina-upload
    complete -c $name -e
    complete -c $name -k -f -a '(__dreamina_complete)'
end
`,
};
