import {
  type CommandModel,
  imageExtensions,
  type ProgramModel,
  type ValueModel,
  type Values,
} from './read-program.ts';

/** Writes the completion script for bash 4 and newer; it needs nothing but bash. */
export function formatBash({ names, flags, commands }: ProgramModel): string {
  const [name] = names;
  const fn = functionName(name);
  const root: CommandModel = { name: '', summary: '', flags, arguments: [] };
  const all = [root, ...commands];
  const images = imageExtensions.map((extension) => `*.${inAnyCase(extension)}`).join(' | ');
  return `# bash completion for ${names.join(' and ')}

# The flags of a command: ${fn}_flags <command>
${fn}_flags() {
  case $1 in
${all.map((command) => `    ${quote(command.name)}) choices=(${flagNames(command)}) ;;`).join('\n')}
  esac
}

# What the value of a flag can be; nothing for a flag without one: ${fn}_value <command> <flag>
${fn}_value() {
  case "$1 $2" in
${all.flatMap(flagCases).join('\n')}
  esac
}

# What an argument can be: ${fn}_argument <command> <position>
${fn}_argument() {
  case "$1 $2" in
    ' 0') values=words choices=(${commands.map((command) => quote(command.name)).join(' ')}) ;;
${commands.flatMap((command) => command.arguments.map((argument, i) => argumentCase(command, argument, i))).join('\n')}
  esac
}

${fn}() {
  local IFS=$' \\t\\n' typed=$2 line=\${COMP_LINE:0:COMP_POINT} words=() word blank i
  COMPREPLY=()

  # Bash splits words at = and : too. What has no blank between it is one word, which ends at the cursor.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blank=\${line%%[![:space:]]*}
    line=\${line#"$blank"}
    word=\${COMP_WORDS[i]}
    ((i < COMP_CWORD)) || word=$line
    if ((i > 0)) && [[ -z $blank ]]; then
      words[\${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    line=\${line#"$word"}
  done

  local command='' values='' choices=() literal='' position=0
  local text=\${words[\${#words[@]} - 1]} before=\${words[\${#words[@]} - 2]}
  for word in "\${words[@]:1:\${#words[@]} - 2}"; do
    if [[ -n $values ]]; then
      values='' choices=()
    elif [[ -z $literal && $word == -- ]]; then
      literal=1
    elif [[ -z $literal && $word == --?* ]]; then
      ${fn}_value "$command" "$word"
    elif [[ -z $literal && $word == -?* ]]; then
      # Short flags may stand together, and what follows one with a value is the value.
      for ((i = 1; i < \${#word}; i++)); do
        ${fn}_value "$command" "-\${word:i:1}"
        [[ -z $values ]] || break
      done
      ((i == \${#word} - 1)) || values='' choices=()
    elif [[ -z $command ]]; then
      command=$word
    else
      ((position += 1))
    fi
  done

  if [[ $text =~ ^[0-9]*[\\<\\>] || $before =~ ^[0-9]*[\\<\\>]+[\\&\\|]?$ ]]; then
    values=files
  elif [[ -z $values && -z $literal && $text == --*=* ]]; then
    ${fn}_value "$command" "\${text%%=*}"
    text=\${text#*=}
  elif [[ -z $values && -z $literal && $text == -* ]]; then
    ${fn}_flags "$command"
  elif [[ -z $values ]]; then
    ${fn}_argument "$command" "$position"
    if [[ -z $values$literal$text ]]; then
      ${fn}_flags "$command"
    fi
  fi
  if [[ $values == files ]]; then
    return # Readline completes them by itself.
  fi

  local quote='' head candidate
  if [[ $text == [\\'\\"]* ]]; then
    quote=\${text:0:1}
  fi
  # What stands before the part that readline replaces.
  head=\${text%"$typed"}
  text=\${text#"$quote"}
  head=\${head#"$quote"}
  if [[ $quote != \\' ]]; then
    # Without -r it takes the backslashes away.
    IFS= read -d '' text <<<"$text"
    IFS= read -d '' head <<<"$head"
    text=\${text%$'\\n'}
    head=\${head%$'\\n'}
  fi

  if [[ $values == images ]]; then
    choices=()
    while IFS= read -r candidate; do
      case $candidate in
        ${images}) choices+=("$candidate") ;;
      esac
    done < <(compgen -f -- "$text")
    while IFS= read -r candidate; do
      choices+=("$candidate")
    done < <(compgen -d -- "$text")
    if ((\${#choices[@]} == 0)); then
      return # Any file then.
    fi
    compopt -o filenames
  elif [[ $values == accounts ]]; then
    while IFS= read -r candidate; do
      # A config file is not always the user's own: what the shell would read something into is not offered.
      [[ $candidate == *[!A-Za-z0-9_.:@+-]* ]] || choices+=("$candidate")
    done < <("\${words[0]/#\\~\\//"$HOME"/}" complete-accounts 2>/dev/null </dev/null)
  fi

  compopt +o bashdefault +o default
  for candidate in "\${choices[@]}"; do
    if [[ $candidate == "$text"* ]]; then
      COMPREPLY+=("\${candidate#"$head"}")
      [[ $candidate != *: ]] || compopt -o nospace
    fi
  done
}

complete -o bashdefault -o default -F ${fn} ${names.join(' ')}
`;
}

function flagNames({ flags }: CommandModel): string {
  return flags
    .flatMap(({ names }) => names)
    .map(quote)
    .join(' ');
}

function flagCases({ name, flags }: CommandModel): string[] {
  return flags.flatMap((flag) => {
    if (flag.value === undefined) {
      return [];
    }
    const patterns = flag.names.map((flagName) => quote(`${name} ${flagName}`)).join(' | ');
    return [`    ${patterns}) ${assignments(flag.value.values)} ;;`];
  });
}

function argumentCase(command: CommandModel, { values, variadic }: ValueModel, position: number): string {
  const pattern = variadic ? `${quote(`${command.name} `)}*` : quote(`${command.name} ${position}`);
  return `    ${pattern}) ${assignments(values)} ;;`;
}

function assignments(values: Values): string {
  if (values.kind !== 'words') {
    return `values=${values.kind}`;
  }
  const words = values.words.map((word) => quote(`${word}${values.suffix ?? ''}`));
  return `values=words choices=(${words.join(' ')})`;
}

function functionName(name: string): string {
  return `_${name.replaceAll(/\W/g, '_')}`;
}

function inAnyCase(text: string): string {
  return text.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
