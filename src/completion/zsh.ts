import {
  type CommandModel,
  type FlagModel,
  imageExtensions,
  type ProgramModel,
  type ValueModel,
  type Values,
} from './read-program.ts';

/** Writes the completion function for zsh 5; it may lie in `fpath`, or be sourced after compinit. */
export function formatZsh({ names, flags, commands }: ProgramModel): string {
  const fn = `_${names[0].replaceAll(/\W/g, '_')}`;
  const describe = ({ name, summary }: CommandModel) => quote(`${name.replaceAll(':', '\\:')}:${summary}`);
  const rootSpecs = [
    ...flags.flatMap((flag) => flagSpecs(flag, fn)),
    `:command:${fn}_commands`,
    '*:: :->argument',
  ];
  return `#compdef ${names.join(' ')}

${fn}_commands() {
  local -a commands=(
${indent(4, commands.map(describe), '\n')}
  )
  _describe -t commands command commands
}

# Where none is there, _files offers any file.
${fn}_images() {
  _files "$@" -g '*.(#i)(${imageExtensions.join('|')})(-.)'
}

${fn}_accounts() {
  local -a accounts=(\${(f)"$("$program" complete-accounts 2>/dev/null </dev/null)"})
  compadd "$@" -a accounts
}

${commands.map((command) => formatCommand(command, fn)).join('\n\n')}

${fn}() {
  local curcontext=$curcontext context state state_descr line ret=1
  local program=\${\${(Q)words[1]}/#\\~\\//$HOME/}
  typeset -A opt_args
  _arguments -C -S \\
${indent(4, rootSpecs.map(quote), ' \\\n')} && ret=0
  if [[ $state == argument ]]; then
    curcontext=\${curcontext%:*:*}:${names[0]}-$words[1]:
    case $words[1] in
${indent(
  6,
  commands.map(({ name }) => `${quote(name)}) ${fn}_command_${name} && ret=0 ;;`),
  '\n',
)}
    esac
  fi
  return ret
}

# Found in fpath, its first run is a completion already; sourced, it registers itself.
if [[ $funcstack[1] == ${fn} ]]; then
  ${fn} "$@"
else
  compdef ${fn} ${names.join(' ')}
fi
`;
}

function formatCommand({ name, flags, arguments: args }: CommandModel, fn: string): string {
  const specs = [...flags.flatMap((flag) => flagSpecs(flag, fn)), ...args.map((it) => argumentSpec(it, fn))];
  return `${fn}_command_${name}() {
  _arguments -s -S \\
${indent(4, specs.map(quote), ' \\\n')}
}`;
}

/** One specification of _arguments for each name of a flag. */
function flagSpecs(
  { names, description, value, repeatable, alone, excludes }: FlagModel,
  fn: string,
): string[] {
  const excluded = alone ? ['-', ':', '*'] : [...(repeatable ? [] : names), ...excludes];
  const before = `${excluded.length > 0 ? `(${excluded.join(' ')})` : ''}${repeatable ? '*' : ''}`;
  const after = `[${escapeFor(description, /[[\]\\]/g)}]${value === undefined ? '' : valueSpec(value, fn)}`;
  return names.map((name) => {
    // The value of a long flag follows = or stands next, that of a short one follows at once or stands next.
    const sign = value === undefined ? '' : name.startsWith('--') ? '=' : '+';
    return `${before}${name}${sign}${after}`;
  });
}

function argumentSpec(argument: ValueModel, fn: string): string {
  return `${argument.variadic ? '*' : ''}${valueSpec(argument, fn)}`;
}

function valueSpec({ name, values }: ValueModel, fn: string): string {
  return `:${escapeFor(name, /[:\\]/g)}:${escapeFor(actionOf(values, fn), /[:\\]/g)}`;
}

function actionOf(values: Values, fn: string): string {
  switch (values.kind) {
    case 'none':
      // Only the message that says what is expected.
      return ' ';
    case 'words':
      return `compadd ${values.suffix === undefined ? '' : `-S ${quote(values.suffix)} `}- ${values.words.map(quote).join(' ')}`;
    case 'files':
      return '_files';
    case 'images':
      return `${fn}_images`;
    case 'accounts':
      return `${fn}_accounts`;
  }
}

function escapeFor(text: string, special: RegExp): string {
  return text.replaceAll(special, '\\$&');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function indent(width: number, lines: readonly string[], separator: string): string {
  return lines.map((line) => ' '.repeat(width) + line).join(separator);
}
