/**
 * Splits command line arguments into flags and the rest. Nothing after `--` is a flag.
 */
export function parseArguments(argv, names) {
  const flags = Object.fromEntries(names.map((name) => [name, false]));
  const rest = [];
  const unknown = [];
  let onlyRest = false;
  for (const argument of argv) {
    if (onlyRest || !argument.startsWith("--")) {
      rest.push(argument);
    } else if (argument === "--") {
      onlyRest = true;
    } else if (argument.slice(2) in flags) {
      flags[argument.slice(2)] = true;
    } else {
      unknown.push(argument);
    }
  }
  return { flags, rest, unknown };
}
