// Says which files of a folder import which, as the TypeScript compiler and dependency-cruiser resolve them.
//
//     npm install
//     node truth.mjs FOLDER > TRUTH.json
//
// Links the workspaces of FOLDER into its node_modules for the time of the run, as a package manager would, and
// installs nothing else.
//
// An edge is true if the compiler says so, unless dependency-cruiser leads the same import to another file of
// the folder; then both edges are neutral, and so is what only dependency-cruiser says: it reads one
// tsconfig.json, at the top. Where the compiler says a declaration (a.d.ts) and dependency-cruiser the program it
// declares (a.js) or nothing, the declaration is true for a TypeScript file and the program for a JavaScript file. A file
// of another language (./App.vue, ./a.css?inline) is taken to have the declaration by which the compiler knows it. An
// import of a package of the folder (of its workspaces, or around the file and not taken from a registry)
// that leads nowhere, because what it names is not built, makes edges to all files of that package neutral.
//
// The compiler reads each file with the options of the nearest tsconfig.json or jsconfig.json, or of the project
// it refers to that includes the file. Where those say nothing of module resolution it is "bundler".

import fs from "node:fs";
import path from "node:path";
import { cruise } from "dependency-cruiser";
import ts from "typescript";

const root = fs.realpathSync(process.argv[2]);
const SOURCE = /\.[mc]?[jt]sx?$/;
const OTHER = /\.(vue|svelte|astro|css|less|sass|scss)$/;
const SKIPPED = new Set([".git", "node_modules"]);

function walk(folder, found) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(full, found);
    else if (entry.isFile()) found.push(full);
  }
  return found;
}

const all = walk(root, []).sort();
const sources = all.filter((file) => SOURCE.test(file));
const known = new Set(all.filter((file) => SOURCE.test(file) || OTHER.test(file)));
const inside = (file) => path.relative(root, file);
const readJson = (file) => ts.parseConfigFileTextToJson(file, fs.readFileSync(file, "utf8")).config ?? {};

// Workspaces: name -> folder.

function globs(folder) {
  const manifest = path.join(folder, "package.json");
  const list = [];
  const add = (value) => Array.isArray(value) && list.push(...value.filter((one) => typeof one === "string"));
  if (fs.existsSync(manifest)) {
    const { workspaces } = readJson(manifest);
    add(Array.isArray(workspaces) ? workspaces : workspaces?.packages);
  }
  const pnpm = path.join(folder, "pnpm-workspace.yaml");
  if (fs.existsSync(pnpm)) {
    const [, body] = fs.readFileSync(pnpm, "utf8").match(/^packages:\s*\n((?:[ \t]*(?:#.*|-.*)?\n)*)/m) ?? [];
    add((body ?? "").split("\n").map((line) => line.match(/^\s*-\s*["']?([^"'#]+?)["']?\s*(#.*)?$/)?.[1]).filter(Boolean));
  }
  const lerna = path.join(folder, "lerna.json");
  if (fs.existsSync(lerna)) add(readJson(lerna).packages);
  return list;
}

function toRegExp(glob) {
  const clean = glob.replace(/^!?(\.\/)?/, "").replace(/\/$/, "");
  const body = clean
    .replace(/[.+^$()|[\]\\]/g, "\\$&")
    .replace(/\{([^}]*)\}/g, (_, choices) => `(${choices.replaceAll(",", "|")})`)
    .replace(/^\*\*(\/|$)/, (_, more) => (more ? "\0" : "\x02"))
    .replace(/\/\*\*(?=\/|$)/g, "\x01")
    .replace(/\*/g, "[^/]*")
    .replace(/\0/g, "(.*/)?")
    .replace(/\x01/g, "(/.*)?")
    .replace(/\x02/g, ".*");
  return new RegExp(`^${body}$`);
}

function linkTo(target, folder, name) {
  const link = path.join(folder, "node_modules", name);
  if (fs.existsSync(link)) return;
  const top = fs.mkdirSync(path.dirname(link), { recursive: true });
  fs.symlinkSync(target, link);
  made.push(link, ...(top ? [top] : []));
}

const packages = new Map();
const made = []; // folders and links
for (const folder of new Set(all.filter((file) => /(package|lerna)\.json$|pnpm-workspace\.yaml$/.test(file)).map((file) => path.dirname(file)))) {
  const list = globs(folder);
  const wanted = list.filter((glob) => !glob.startsWith("!")).map(toRegExp);
  const unwanted = list.filter((glob) => glob.startsWith("!")).map(toRegExp);
  if (wanted.length === 0) continue;
  for (const manifest of all.filter((file) => path.basename(file) === "package.json" && file.startsWith(folder + path.sep))) {
    const place = path.relative(folder, path.dirname(manifest));
    const { name } = readJson(manifest);
    if (!name || !wanted.some((glob) => glob.test(place || ".")) || unwanted.some((glob) => glob.test(place || "."))) continue;
    if (!packages.has(name)) packages.set(name, path.dirname(manifest));
    linkTo(path.dirname(manifest), folder, name);
  }
}
const manifests = new Map(all.filter((file) => path.basename(file) === "package.json").map((file) => [path.dirname(file), readJson(file)]));

// The folder of the package of this name that the file is in; none if a manifest further in wants it from a registry.
function around(file, name) {
  for (let folder = path.dirname(file); folder.startsWith(root); folder = path.dirname(folder)) {
    const manifest = manifests.get(folder);
    if (manifest?.name === name) return folder;
    const version = { ...manifest?.dependencies, ...manifest?.devDependencies, ...manifest?.peerDependencies }[name];
    if (/^[\^~<>=v]*\d/.test(version)) return undefined;
  }
  return undefined;
}

for (const manifest of all.filter((file) => path.basename(file) === "package.json")) {
  const { dependencies, devDependencies } = readJson(manifest);
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    const place = /^(?:file:|link:|portal:|workspace:(?=\.))(.*)/.exec(version)?.[1];
    const target = place && path.resolve(path.dirname(manifest), place);
    if (target && fs.existsSync(path.join(target, "package.json"))) linkTo(target, path.dirname(manifest), name);
  }
}

// The compiler.

const configs = new Map();
function project(file) {
  if (!configs.has(file)) {
    const read = ts.readConfigFile(file, ts.sys.readFile);
    const parsed = ts.parseJsonConfigFileContent(read.config ?? {}, ts.sys, path.dirname(file), undefined, file);
    const options = { ...parsed.options, allowJs: true, noLib: true };
    const resolution = options.moduleResolution;
    if (resolution === undefined || resolution === ts.ModuleResolutionKind.Classic) {
      const module = options.module ?? 0;
      if (!(module >= ts.ModuleKind.Node16 && module <= ts.ModuleKind.NodeNext)) {
        options.moduleResolution = ts.ModuleResolutionKind.Bundler;
        options.module = ts.ModuleKind.ESNext;
      }
    }
    const cache = ts.createModuleResolutionCache(root, (name) => name, options);
    const files = new Set(parsed.fileNames.map((name) => path.resolve(name)));
    const references = (parsed.projectReferences ?? []).map((one) => ts.resolveProjectReferencePath(one));
    configs.set(file, { options, cache, files, references });
  }
  return configs.get(file);
}

const bare = {
  options: {
    allowJs: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  },
};
bare.cache = ts.createModuleResolutionCache(root, (name) => name, bare.options);

function projectOf(file) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const config = ["tsconfig.json", "jsconfig.json"].map((name) => path.join(folder, name)).find((name) => isConfig(name));
    if (config) {
      const found = project(config);
      if (found.files.has(file)) return found;
      const reference = found.references.filter((one) => fs.existsSync(one)).map(project).find((one) => one.files.has(file));
      return reference ?? found;
    }
    if (folder === root) return bare;
  }
}

// The compiler knows a.css by its declaration a.d.css.ts.
const foreign = (name) => name.replace(/\.d\.(vue|svelte|astro|css|less|sass|scss)\.ts$/, ".$1");
const host = { ...ts.sys, fileExists: (name) => ts.sys.fileExists(name) || (foreign(name) !== name && known.has(foreign(name))) };
const bareName = (specifier) => (OTHER.test(specifier.split("?")[0]) ? specifier.split("?")[0] : specifier);

const present = new Set(all);
function isConfig(name) {
  return present.has(name);
}

function literals(source) {
  const found = [];
  const add = (node) => node && ts.isStringLiteralLike(node) && found.push(node);
  const open = [source];
  while (open.length) {
    const node = open.pop();
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isExternalModuleReference(node)) add(node.expression);
    else if (ts.isImportTypeNode(node)) add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
    else if (ts.isCallExpression(node)) {
      const name = ts.isIdentifier(node.expression) ? node.expression.text : "";
      if (node.expression.kind === ts.SyntaxKind.ImportKeyword || name === "require") add(node.arguments[0]);
      if (name === "define" || name === "require" || name === "requirejs") {
        const list = node.arguments.slice(0, name === "define" ? 2 : 1).find(ts.isArrayLiteralExpression);
        list?.elements.forEach(add);
      }
    }
    ts.forEachChild(node, (child) => void open.push(child));
  }
  return found;
}

const compiler = new Map(); // file -> specifier -> resolved
for (const file of sources) {
  const { options, cache } = projectOf(file);
  const format = ts.getImpliedNodeFormatForFile(file, cache.getPackageJsonInfoCache(), ts.sys, options);
  const text = fs.readFileSync(file, "utf8");
  const kind = /\.[mc]?js$/.test(file) ? ts.ScriptKind.JSX : undefined;
  const source = ts.createSourceFile(file, text, { languageVersion: ts.ScriptTarget.Latest, impliedNodeFormat: format }, true, kind);
  const resolved = new Map();
  for (const literal of literals(source)) {
    const mode = ts.getModeForUsageLocation(source, literal, options);
    const result = ts.resolveModuleName(bareName(literal.text), file, options, host, cache, undefined, mode);
    const target = result.resolvedModule && foreign(result.resolvedModule.resolvedFileName);
    if (target || !resolved.has(literal.text)) resolved.set(literal.text, target && path.resolve(target));
  }
  for (const reference of source.referencedFiles) {
    const place = path.resolve(path.dirname(file), reference.fileName);
    const target = [place, `${place}.ts`, `${place}.tsx`, `${place}.d.ts`].find((one) => known.has(one));
    resolved.set(`/// ${reference.fileName}`, target);
  }
  compiler.set(file, resolved);
}

// dependency-cruiser.

process.chdir(root);
const config = path.join(root, "tsconfig.json");
const parsed = present.has(config) ? project(config) : undefined;
const options = [
  {
    doNotFollow: { path: "node_modules" },
    moduleSystems: ["es6", "cjs", "amd", "tsd"],
    tsPreCompilationDeps: true,
    ...(parsed ? { ruleSet: { options: { tsConfig: { fileName: config } } } } : {}),
  },
  {
    conditionNames: ["types", "import", "require", "node", "default"],
    exportsFields: ["exports"],
    mainFields: ["types", "typings", "main", "module"],
  },
  parsed ? { tsConfig: { options: parsed.options, fileNames: [], errors: [] } } : {},
];
const failed = new Set(); // files that it stops at
let modules;
while (!modules) {
  try {
    const wanted = sources.map(inside).filter((file) => !failed.has(file));
    modules = (await cruise(wanted, ...options)).output.modules;
  } catch (error) {
    const file = /\.\.\. in (.*)/.exec(error.message)?.[1];
    if (!file || failed.has(file) || failed.size > 200) throw error;
    failed.add(file);
    fs.renameSync(path.join(root, file), path.join(root, `${file}.failed`));
  }
}
for (const file of failed) fs.renameSync(path.join(root, `${file}.failed`), path.join(root, file));
const cruiser = new Map();
for (const module of modules) {
  const resolved = new Map();
  for (const one of module.dependencies) {
    const target = path.resolve(root, one.resolved);
    if (!one.couldNotResolve && known.has(target)) resolved.set(one.module, target);
  }
  cruiser.set(path.resolve(root, module.source), resolved);
}

for (const link of made) {
  const folder = fs.lstatSync(link, { throwIfNoEntry: false })?.isDirectory() ?? false;
  fs.rmSync(link, { force: true, recursive: folder });
}

// Together.

const [edges, neutral] = [new Set(), new Set()];
const only = { compiler: 0, cruiser: 0, different: 0 };
const declaration = /\.d\.([mc]?)ts$/;
const declares = (one, two) => declaration.test(one) && one.replace(declaration, ".$1js") === two;
const pair = (from, to) => JSON.stringify([inside(from), inside(to)]);
for (const file of sources) {
  const [first, second] = [compiler.get(file), cruiser.get(file) ?? new Map()];
  for (const specifier of new Set([...first.keys(), ...second.keys()])) {
    const [one, two] = [first.get(specifier), second.get(specifier)].map((target) => (known.has(target) ? target : undefined));
    if (one && two && declares(one, two)) {
      const program = /\.[mc]?jsx?$/.test(file);
      edges.add(pair(file, program ? two : one));
      neutral.add(pair(file, program ? one : two));
    } else if (one && two && one !== two) {
      only.different += 1;
      neutral.add(pair(file, one)).add(pair(file, two));
    } else if (one) {
      if (!two) only.compiler += 1;
      const program = /\.[mc]?jsx?$/.test(file) && one.replace(declaration, ".$1js");
      edges.add(pair(file, known.has(program) ? program : one));
    } else if (two && OTHER.test(two)) edges.add(pair(file, two));
    else if (two) {
      only.cruiser += 1;
      neutral.add(pair(file, two));
    } else {
      const place = path.resolve(path.dirname(file), specifier);
      const name = specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
      const relative = specifier.startsWith(".") && present.has(path.join(place, "package.json"));
      const folder = relative ? place : (packages.get(name) ?? around(file, name));
      if (folder && !first.get(specifier)) {
        for (const other of known) if (other.startsWith(folder + path.sep)) neutral.add(pair(file, other));
      }
    }
  }
}
const list = (set) => [...set].sort().map((one) => JSON.parse(one));
console.error(JSON.stringify({ files: sources.length, edges: edges.size, ...only, packages: packages.size }));
const print = { edges: list(edges), neutral: list(neutral).filter((one) => !edges.has(JSON.stringify(one))), files: sources.map(inside) };
console.log(JSON.stringify(print));
