import com.sun.source.tree.*;
import com.sun.source.util.*;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;
import javax.lang.model.element.*;
import javax.tools.*;

/**
 * Says which files of a folder the imports of its Java files name, as javac attributes them.
 *
 * <pre>java -Xmx6g --add-exports jdk.compiler/com.sun.tools.javac.api=ALL-UNNAMED Truth.java FOLDER > TRUTH.json</pre>
 *
 * Java 17 or later, nothing else. All sources are attributed in one go, without annotation processors
 * and without the libraries they need: errors are tolerated. An import of one type, static or not, is an
 * edge to the file of the outermost class around it. An import on demand is an edge to the files of the types that it brings in
 * and that are used by their simple names; if it is of members or nested types, to the file of the type.
 * Where several files define the same class, the first by path is compiled; the others are not judged, and
 * edges to any of them count neither way. Nor are files judged in which the compiler fails.
 */
public final class Truth {
    private final Path root;
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final StandardJavaFileManager manager =
            compiler.getStandardFileManager(d -> {}, null, StandardCharsets.UTF_8);
    /** Full names of outermost types, and the files that define them. */
    private final Map<String, List<String>> types = new TreeMap<>();
    private final Set<String> edges = new TreeSet<>();
    private final Set<String> neutral = new TreeSet<>();
    private Trees trees;

    private Truth(Path root) {
        this.root = root;
    }

    public static void main(String[] arguments) throws IOException {
        new Truth(Path.of(arguments[0]).toAbsolutePath().normalize()).run();
    }

    private void run() throws IOException {
        List<Path> paths;
        try (Stream<Path> found = Files.walk(root)) {
            paths = found.filter(p -> p.toString().endsWith(".java") && Files.isRegularFile(p))
                    .sorted().collect(Collectors.toList());
        }
        Set<String> left = new TreeSet<>();
        List<Path> kept = new ArrayList<>();
        for (CompilationUnitTree unit : task(paths).parse()) {
            String file = name(unit);
            boolean doubled = file.endsWith("module-info.java");
            for (Tree type : unit.getTypeDecls()) {
                if (type instanceof ClassTree) {
                    List<String> files = types.computeIfAbsent(
                            full(unit, ((ClassTree) type).getSimpleName()), x -> new ArrayList<>());
                    doubled |= !files.isEmpty();
                    files.add(file);
                }
            }
            if (doubled) left.add(file); else kept.add(root.resolve(file));
        }
        JavacTask task = task(kept);
        trees = Trees.instance(task);
        List<CompilationUnitTree> units = new ArrayList<>();
        task.parse().forEach(units::add);
        Set<String> failed = analyze(task);
        units.forEach(this::unit);
        List<String> files = kept.stream().map(p -> root.relativize(p).toString())
                .filter(file -> !failed.contains(file)).sorted().collect(Collectors.toList());
        left.addAll(failed);
        print(files);
        System.err.println(files.size() + " files, " + left.size() + " left out, " + edges.size() + " edges");
    }

    /** Attributes all classes; gives the files in which the compiler itself fails, as it may where libraries are missing. */
    private Set<String> analyze(JavacTask task) throws IOException {
        Set<String> failed = new HashSet<>();
        String[] current = new String[1];
        task.addTaskListener(new TaskListener() {
            @Override public void started(TaskEvent event) {
                if (event.getKind() == TaskEvent.Kind.ANALYZE) current[0] = name(event.getCompilationUnit());
            }
        });
        while (true) {
            try {
                task.analyze();
                return failed;
            } catch (IllegalStateException error) {
                // The class is off the list of what is to do, the others are not.
                if (!failed.add(current[0])) throw error;
            }
        }
    }

    private JavacTask task(List<Path> paths) {
        List<String> options = List.of("-proc:none", "-implicit:none", "-XDshould-stop.ifError=FLOW",
                "-XDshould-stop.ifNoError=FLOW", "-nowarn", "-Xmaxerrs", "1", "--release", "17");
        return (JavacTask) compiler.getTask(new StringWriter(), manager, d -> {}, options, null,
                manager.getJavaFileObjectsFromPaths(paths));
    }

    private String name(CompilationUnitTree unit) {
        return root.relativize(Path.of(unit.getSourceFile().toUri())).toString();
    }

    private static String full(CompilationUnitTree unit, Object name) {
        return unit.getPackageName() == null ? name.toString() : unit.getPackageName() + "." + name;
    }

    private void unit(CompilationUnitTree unit) {
        String from = name(unit);
        Set<String> single = new HashSet<>();
        Set<String> demanded = new HashSet<>();
        for (ImportTree statement : unit.getImports()) {
            MemberSelectTree name = (MemberSelectTree) statement.getQualifiedIdentifier();
            boolean all = name.getIdentifier().contentEquals("*");
            ExpressionTree type = all || statement.isStatic() ? name.getExpression() : name;
            Element element = trees.getElement(TreePath.getPath(unit, type));
            if (all && !(element instanceof TypeElement)) {
                demanded.add(type.toString());
            } else if (!all) {
                single.add(name.getIdentifier().toString());
            }
            edge(from, element, type.toString());
        }
        if (!demanded.isEmpty()) {
            new TreePathScanner<Void, Void>() {
                @Override public Void visitImport(ImportTree node, Void nothing) {
                    return null;
                }

                @Override public Void visitIdentifier(IdentifierTree node, Void nothing) {
                    Element element = trees.getElement(getCurrentPath());
                    if (element instanceof TypeElement
                            && element.getEnclosingElement() instanceof PackageElement
                            && !single.contains(node.getName().toString())
                            && demanded.contains(element.getEnclosingElement().toString())
                            && !element.getEnclosingElement().toString().equals(String.valueOf(unit.getPackageName()))) {
                        edge(from, element, element.toString());
                    }
                    return null;
                }
            }.scan(unit, null);
        }
    }

    /** To the file of the outermost class around an element; without one, to that of the name as written. */
    private void edge(String from, Element element, String written) {
        while (element != null && !(element.getEnclosingElement() instanceof PackageElement)
                && element.getEnclosingElement() != null) {
            element = element.getEnclosingElement();
        }
        List<String> files = element instanceof TypeElement ? types.get(element.toString()) : null;
        for (String name = written; files == null && name.contains("."); ) {
            files = types.get(name);
            name = name.substring(0, name.lastIndexOf('.'));
        }
        if (files == null) return;
        if (files.size() > 1) {
            files.forEach(to -> neutral.add(pair(from, to)));
        } else if (!files.get(0).equals(from)) {
            edges.add(pair(from, files.get(0)));
        }
    }

    private static String pair(String from, String to) {
        return "[" + quote(from) + ", " + quote(to) + "]";
    }

    private static String quote(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private void print(List<String> files) {
        neutral.removeAll(edges);
        String names = files.stream().map(Truth::quote).collect(Collectors.joining(",\n"));
        System.out.println("{\"edges\": [\n" + String.join(",\n", edges) + "],\n\"neutral\": [\n"
                + String.join(",\n", neutral) + "],\n\"files\": [\n" + names + "]}");
    }
}
