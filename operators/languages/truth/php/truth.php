<?php
/**
 * Says what PHP's own parser and Composer's rules know of the dependencies between the files of a repository.
 *
 *     composer require nikic/php-parser:^5
 *     php truth.php FOLDER > TRUTH.json
 *
 * Needs PHP 8.1 or newer. PARSER may name the "lib" folder of PHP-Parser instead.
 *
 * There is an edge from a file to what each "use", "include" and "require" of it names. A class is where
 * Composer's autoloader would find it (classmap, then PSR-4, then PSR-0, of all composer.json files in the
 * folder), else in the one file that declares it. A function or constant is in the file that declares it.
 * The path of an include counts if it is made of literals, __DIR__, __FILE__ and dirname().
 *
 * Edges of classes that several files declare without Composer's knowing which, are "neutral".
 */

declare(strict_types=1);

use PhpParser\Node;
use PhpParser\Node\Expr;
use PhpParser\Node\Scalar;
use PhpParser\Node\Stmt;
use PhpParser\NodeTraverser;
use PhpParser\NodeVisitor\NameResolver;
use PhpParser\NodeVisitorAbstract;

ini_set('memory_limit', '-1');
if ($parser = getenv('PARSER')) {
    spl_autoload_register(static function (string $class) use ($parser): void {
        $path = $parser . '/' . strtr($class, '\\', '/') . '.php';
        if (is_file($path)) {
            require $path;
        }
    });
} else {
    require __DIR__ . '/vendor/autoload.php';
}

/** Collects what one file declares and imports. */
final class Collector extends NodeVisitorAbstract
{
    public array $declared = [];
    public array $used = [];
    public array $included = [];

    public function enterNode(Node $node)
    {
        if ($node instanceof Stmt\ClassLike && $node->name !== null) {
            $this->declared[] = ['class', strtolower($node->namespacedName->toString())];
        } elseif ($node instanceof Stmt\Function_) {
            $this->declared[] = ['function', strtolower($node->namespacedName->toString())];
        } elseif ($node instanceof Stmt\Const_) {
            foreach ($node->consts as $const) {
                $this->declared[] = ['const', $const->namespacedName->toString()];
            }
        } elseif ($node instanceof Expr\FuncCall && $node->name instanceof Node\Name
            && $node->name->toLowerString() === 'define'
            && ($node->args[0]->value ?? null) instanceof Scalar\String_) {
            $this->declared[] = ['const', ltrim($node->args[0]->value->value, '\\')];
        } elseif ($node instanceof Stmt\Use_) {
            foreach ($node->uses as $use) {
                $this->used[] = [$node->type, $use->name->toString()];
            }
        } elseif ($node instanceof Stmt\GroupUse) {
            foreach ($node->uses as $use) {
                $type = $use->type === Stmt\Use_::TYPE_UNKNOWN ? $node->type : $use->type;
                $this->used[] = [$type, $node->prefix->toString() . '\\' . $use->name->toString()];
            }
        } elseif ($node instanceof Expr\Include_) {
            $this->included[] = $node->expr;
        }
        return null;
    }
}

/** Path below the root without "." and ".."; null if it leaves. */
function normal(string $path): ?string
{
    $parts = [];
    foreach (explode('/', strtr($path, '\\', '/')) as $part) {
        if ($part === '' || $part === '.') {
            continue;
        }
        if ($part !== '..') {
            $parts[] = $part;
        } elseif (array_pop($parts) === null) {
            return null;
        }
    }
    return implode('/', $parts);
}

/** The value of a path; files lie below "/r/". */
function value(Node $node, string $file): ?string
{
    if ($node instanceof Scalar\String_) {
        return $node->value;
    }
    if ($node instanceof Scalar\MagicConst\Dir) {
        return dirname("/r/$file");
    }
    if ($node instanceof Scalar\MagicConst\File) {
        return "/r/$file";
    }
    if ($node instanceof Expr\BinaryOp\Concat) {
        $left = value($node->left, $file);
        $right = value($node->right, $file);
        return $left === null || $right === null ? null : $left . $right;
    }
    if ($node instanceof Expr\ConstFetch && $node->name->toString() === 'DIRECTORY_SEPARATOR') {
        return '/';
    }
    if ($node instanceof Expr\FuncCall && $node->name instanceof Node\Name && $node->name->toLowerString() === 'dirname') {
        $path = value($node->args[0]->value, $file);
        $levels = isset($node->args[1]) ? ($node->args[1]->value->value ?? null) : 1;
        return $path === null || !is_int($levels) ? null : dirname($path, $levels);
    }
    return null;
}

$root = rtrim(realpath($argv[1]), '/');
$files = [];
$manifests = [];
$all = new RecursiveIteratorIterator(new RecursiveCallbackFilterIterator(
    new RecursiveDirectoryIterator($root, FilesystemIterator::SKIP_DOTS),
    static fn ($entry) => !$entry->isLink() && $entry->getFilename() !== '.git',
));
foreach ($all as $entry) {
    $path = substr($entry->getPathname(), strlen($root) + 1);
    if (preg_match('/\.(php|phtml)$/', $path)) {
        $files[] = $path;
    } elseif ($entry->getFilename() === 'composer.json') {
        $manifests[] = $path;
    }
}
sort($files);
sort($manifests);
$known = array_fill_keys($files, true);

$parser = (new PhpParser\ParserFactory())->createForNewestSupportedVersion();
$found = [];
$declared = [];
$failed = 0;
foreach ($files as $file) {
    $collector = new Collector();
    $traverser = new NodeTraverser(new NameResolver(null, ['replaceNodes' => false]), $collector);
    try {
        $traverser->traverse($parser->parse(file_get_contents("$root/$file")) ?? []);
    } catch (Throwable $error) {
        $failed++;
        fwrite(STDERR, "$file: {$error->getMessage()}\n");
        continue;
    }
    $found[$file] = $collector;
    foreach ($collector->declared as [$sort, $name]) {
        $declared[$sort][$name][$file] = true;
    }
}

$modern = $old = $classmap = [];
foreach ($manifests as $path) {
    $manifest = json_decode(file_get_contents("$root/$path"), true);
    $folder = dirname($path) === '.' ? '' : dirname($path) . '/';
    foreach (['autoload', 'autoload-dev'] as $section) {
        $rules = is_array($manifest[$section] ?? null) ? $manifest[$section] : [];
        foreach ((array) ($rules['psr-4'] ?? []) as $prefix => $folders) {
            foreach ((array) $folders as $to) {
                $modern[$prefix][] = [normal($folder . $to), dirname($path)];
            }
        }
        foreach ((array) ($rules['psr-0'] ?? []) as $prefix => $folders) {
            foreach ((array) $folders as $to) {
                $old[$prefix][] = [normal($folder . $to), dirname($path)];
            }
        }
        foreach ((array) ($rules['classmap'] ?? []) as $to) {
            if (!str_contains($to, '*')) {
                $classmap[] = normal($folder . $to);
            }
        }
    }
}
$byLength = static fn ($a, $b) => strlen((string) $b) <=> strlen((string) $a);
uksort($modern, $byLength);
uksort($old, $byLength);

/** Where Composer finds a class; folders of the composer.json nearest to $from come first. */
function composer(string $class, string $from): ?string
{
    global $modern, $old, $classmap, $declared, $known;
    $mapped = [];
    foreach ($declared['class'][strtolower($class)] ?? [] as $file => $_) {
        foreach ($classmap as $folder) {
            if ($folder === '' || $file === $folder || str_starts_with($file, "$folder/")) {
                $mapped[$file] = true;
            }
        }
    }
    if (count($mapped) === 1) {
        return array_key_first($mapped);
    }
    $candidates = [];
    foreach ($modern as $prefix => $folders) {
        if ($prefix === '' || str_starts_with($class, $prefix)) {
            foreach ($folders as [$folder, $owner]) {
                $path = ltrim($folder . '/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php', '/');
                if (isset($known[$path])) {
                    $candidates[strlen($prefix)][] = [$path, $owner];
                }
            }
        }
    }
    if ($candidates) {
        return nearest(reset($candidates), $from);
    }
    $at = strrpos($class, '\\');
    $space = $at === false ? '' : substr($class, 0, $at + 1);
    $name = $at === false ? $class : substr($class, $at + 1);
    foreach ($old as $prefix => $folders) {
        if ($prefix === '' || str_starts_with($class, $prefix)) {
            foreach ($folders as [$folder, $owner]) {
                $path = ltrim($folder . '/' . strtr($space, '\\', '/') . strtr($name, '_', '/') . '.php', '/');
                if (isset($known[$path])) {
                    return $path;
                }
            }
        }
    }
    return null;
}

function nearest(array $candidates, string $from): string
{
    foreach ($candidates as [$path, $owner]) {
        if (str_starts_with($from, "$owner/")) {
            return $path;
        }
    }
    return $candidates[0][0];
}

$edges = $neutral = [];
foreach ($found as $file => $collector) {
    foreach ($collector->used as [$type, $name]) {
        $sort = [Stmt\Use_::TYPE_FUNCTION => 'function', Stmt\Use_::TYPE_CONSTANT => 'const'][$type] ?? 'class';
        $in = array_keys($declared[$sort][$sort === 'const' ? $name : strtolower($name)] ?? []);
        if (in_array($file, $in, true)) {
            continue;
        }
        $to = $sort === 'class' && count($in) !== 1 ? composer($name, $file) : null;
        if ($to !== null && ($in === [] || in_array($to, $in, true))) {
            $edges["$file\n$to"] = [$file, $to];
        } elseif (count($in) === 1) {
            $edges["$file\n$in[0]"] = [$file, $in[0]];
        } else {
            foreach ($in as $one) {
                $neutral["$file\n$one"] = [$file, $one];
            }
        }
    }
    foreach ($collector->included as $node) {
        $path = value($node, $file);
        if ($path === null || $path === '') {
            continue;
        }
        $tries = $path[0] === '/' ? [$path] : [dirname("/r/$file") . "/$path", "/r/$path"];
        foreach ($tries as $try) {
            $try = normal($try);
            if ($try !== null && str_starts_with($try, 'r/') && isset($known[substr($try, 2)])) {
                $edges["$file\n$try"] = [$file, substr($try, 2)];
                break;
            }
        }
    }
}
$edges = array_filter($edges, static fn ($edge) => $edge[0] !== $edge[1]);
ksort($edges);
ksort($neutral);
fwrite(STDERR, count($files) . " files, $failed not parsed\n");
echo json_encode(
    ['edges' => array_values($edges), 'neutral' => array_values($neutral), 'files' => array_keys($found)],
    JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE,
), "\n";
