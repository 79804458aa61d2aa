import {
  type CommandModel,
  type FlagModel,
  imageExtensions,
  type ProgramModel,
  type Values,
} from './read-program.ts';

/** Writes the completion script for fish 3; it may lie in a `completions` folder, or be sourced. */
export function formatFish({ names, flags, commands }: ProgramModel): string {
  const fn = `__${names[0].replaceAll(/\W/g, '_')}`;
  const rules = [
    ...flags.map((flag) => flagRule(flag, `${fn}_at ''`, fn)),
    ...commands.map(
      ({ name, summary }) => `-n ${quote(`${fn}_at ''`)} -a ${quote(name)} -d ${quote(summary)}`,
    ),
    ...commands.flatMap((command) => commandRules(command, fn)),
  ];
  return `# fish completion for ${names.join(' and ')}

# Whether the cursor is where this command's flags and arguments stand; with a position, where that argument stands.
function ${fn}_at -a command position
    set -l words (commandline -opc)
    set -l arguments (string match -v -- '-?*' $words[2..])
    if test -z "$command"
        test (count $arguments) -eq 0
    else if test "$arguments[1]" != $command
        false
    else if test -n "$position"
        test (count $arguments) -eq (math $position + 1)
    end
end

# Image files and directories, or any file where there are none.
function ${fn}_images
    set -l files (complete -C "'' "(commandline -ct))
    string match -ri '^.*(?:/|\\.(?:${imageExtensions.join('|')}))$' -- $files
    or printf '%s\\n' $files
end

function ${fn}_accounts
    set -l program (commandline -opc)[1]
    set program (string replace -r '^~/' $HOME/ -- $program)
    $program complete-accounts 2>/dev/null </dev/null
end

for program in ${names.join(' ')}
    complete -c $program -e
    complete -c $program -f
${rules.map((rule) => `    complete -c $program ${rule}`).join('\n')}
end
`;
}

function commandRules({ name, flags, arguments: args }: CommandModel, fn: string): string[] {
  const at = `${fn}_at ${name}`;
  return [
    ...flags.map((flag) => flagRule(flag, at, fn)),
    ...args.map(({ values, variadic }, position) => {
      const condition = variadic ? at : `${at} ${position}`;
      return ['-n', quote(condition), ...valueOptions(values, fn)].join(' ');
    }),
  ];
}

function flagRule({ names, description, value }: FlagModel, condition: string, fn: string): string {
  const spelled = names.map((name) =>
    name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const options = value === undefined ? [] : ['-r', ...valueOptions(value.values, fn)];
  return ['-n', quote(condition), ...spelled, ...options, '-d', quote(description)].join(' ');
}

function valueOptions(values: Values, fn: string): string[] {
  switch (values.kind) {
    case 'none':
      return ['-f'];
    case 'words':
      return [
        '-f',
        '-a',
        quote(values.words.map((word) => quote(`${word}${values.suffix ?? ''}`)).join(' ')),
      ];
    case 'files':
      return ['-F'];
    case 'images':
      return ['-f', '-k', '-a', quote(`(${fn}_images)`)];
    case 'accounts':
      return ['-f', '-a', quote(`(${fn}_accounts)`)];
  }
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
