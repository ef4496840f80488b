import com.intellij.openapi.util.Disposer;
import com.intellij.psi.PsiElement;
import com.intellij.psi.PsiFile;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.regex.*;
import java.util.stream.*;
import org.jetbrains.kotlin.cli.common.CLIConfigurationKeys;
import org.jetbrains.kotlin.cli.common.config.ContentRootsKt;
import org.jetbrains.kotlin.cli.common.messages.MessageCollector;
import org.jetbrains.kotlin.cli.jvm.compiler.*;
import org.jetbrains.kotlin.cli.jvm.config.JvmContentRootsKt;
import org.jetbrains.kotlin.config.*;
import org.jetbrains.kotlin.descriptors.*;
import org.jetbrains.kotlin.lexer.KtTokens;
import org.jetbrains.kotlin.psi.*;
import org.jetbrains.kotlin.resolve.*;

/**
 * Says which files of a folder the imports of its Kotlin files name, as the Kotlin compiler resolves them.
 *
 * <pre>java -Xmx6g -cp LIB/kotlin-compiler.jar:LIB/kotlin-stdlib.jar:LIB/kotlin-reflect.jar:LIB/kotlin-script-runtime.jar:LIB/trove4j.jar:LIB/kotlinx-coroutines-core-jvm.jar Truth.java FOLDER > TRUTH.json</pre>
 *
 * LIB is the folder `lib` of the npm package `kotlin-compiler` 1.9.25. All sources, Java's too, are analysed in one go
 * without the libraries they need: errors are tolerated. An import of a name is an edge to all files that
 * define it: types, and all functions and properties of the name. A member or nested type counts as what it is in at
 * the top level. `import a.b.*` is an edge to the files of what the file uses of the package by simple names and does
 * not import by name; if `a.b` is a type, to its file. Where several files define the same type, or functions of one
 * name stand in several source sets, edges to any of them count neither way.
 */
public final class Truth {
    private static final Pattern JAVA_PACKAGE = Pattern.compile("(?m)^\\s*package\\s+([\\w.]+)\\s*;");
    private static final Pattern SOURCE_SET = Pattern.compile("^(.*?/?src/[^/]+)/.*");

    private final Path root;
    /** Full names of top-level types, and the files that define them. */
    private final Map<String, Set<String>> types = new TreeMap<>();
    private final Set<String> edges = new TreeSet<>();
    private final Set<String> neutral = new TreeSet<>();
    private BindingContext bindings;

    private Truth(Path root) {
        this.root = root;
    }

    public static void main(String[] arguments) throws IOException {
        new Truth(Path.of(arguments[0]).toRealPath()).run();
    }

    private void run() throws IOException {
        KotlinCoreEnvironment environment = environment();
        List<KtFile> files = environment.getSourceFiles();
        for (KtFile file : files) {
            for (KtDeclaration declaration : file.getDeclarations()) {
                if (declaration instanceof KtClassOrObject || declaration instanceof KtTypeAlias) {
                    define(file.getPackageFqName().asString(), declaration.getName(), name(file));
                }
            }
        }
        bindings = TopDownAnalyzerFacadeForJVM.analyzeFilesWithJavaIntegration(
                environment.getProject(), files, new NoScopeRecordCliBindingTrace(), environment.getConfiguration(),
                environment::createPackagePartProvider).getBindingContext();
        files.forEach(this::file);
        print(files.stream().map(this::name).sorted().collect(Collectors.toList()));
        System.err.println(files.size() + " files, " + edges.size() + " edges");
        System.exit(0);
    }

    private KotlinCoreEnvironment environment() throws IOException {
        CompilerConfiguration configuration = new CompilerConfiguration();
        configuration.put(CLIConfigurationKeys.MESSAGE_COLLECTOR_KEY, MessageCollector.Companion.getNONE());
        configuration.put(CommonConfigurationKeys.MODULE_NAME, "truth");
        configuration.put(JVMConfigurationKeys.JDK_HOME, new File(System.getProperty("java.home")));
        Map<LanguageFeature, LanguageFeature.State> features =
                Map.of(LanguageFeature.MultiPlatformProjects, LanguageFeature.State.ENABLED);
        CommonConfigurationKeysKt.setLanguageVersionSettings(configuration, new LanguageVersionSettingsImpl(
                LanguageVersion.KOTLIN_1_9, ApiVersion.KOTLIN_1_9, Map.of(), features));
        JvmContentRootsKt.configureJdkClasspathRoots(configuration);
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.contains("kotlin-stdlib")) JvmContentRootsKt.addJvmClasspathRoot(configuration, new File(entry));
        }
        Set<File> javaRoots = new TreeSet<>();
        for (Path path : sources()) {
            if (path.toString().endsWith(".kt")) {
                ContentRootsKt.addKotlinSourceRoot(configuration, path.toString());
                continue;
            }
            Matcher statement = JAVA_PACKAGE.matcher(Files.readString(path, StandardCharsets.ISO_8859_1));
            String inside = statement.find() ? statement.group(1) : "";
            String type = path.getFileName().toString().replace(".java", "");
            define(inside, type, root.relativize(path).toString());
            Path folder = path.getParent();
            Path end = Path.of(inside.replace('.', '/'));
            if (inside.isEmpty()) javaRoots.add(folder.toFile());
            else if (folder.endsWith(end)) javaRoots.add(folder.getRoot().resolve(
                    folder.subpath(0, folder.getNameCount() - end.getNameCount())).toFile());
        }
        JvmContentRootsKt.addJavaSourceRoots(configuration, new ArrayList<>(javaRoots));
        return KotlinCoreEnvironment.createForProduction(
                Disposer.newDisposable(), configuration, EnvironmentConfigFiles.JVM_CONFIG_FILES);
    }

    private List<Path> sources() throws IOException {
        try (Stream<Path> found = Files.walk(root)) {
            return found.filter(p -> p.toString().matches(".*\\.(kt|java)") && Files.isRegularFile(p))
                    .sorted().collect(Collectors.toList());
        }
    }

    private void define(String inside, String type, String file) {
        String full = inside.isEmpty() ? type : inside + "." + type;
        types.computeIfAbsent(full, x -> new TreeSet<>()).add(file);
    }

    private String name(PsiFile file) {
        return root.relativize(Path.of(file.getVirtualFile().getPath())).toString();
    }

    private void file(KtFile file) {
        String from = name(file);
        Set<String> single = new HashSet<>();
        Set<String> demanded = new HashSet<>();
        for (KtImportDirective statement : file.getImportDirectives()) {
            KtSimpleNameExpression last = last(statement.getImportedReference());
            if (last == null) continue;
            if (statement.isAllUnder() && targets(last).stream().noneMatch(t -> t instanceof ClassDescriptor)) {
                demanded.add(statement.getImportedFqName().asString());
                continue;
            }
            if (!statement.isAllUnder()) single.add(String.valueOf(statement.getImportedName()));
            edges(from, targets(last));
        }
        demanded.remove(file.getPackageFqName().asString());
        if (demanded.isEmpty()) return;
        Map<String, Set<DeclarationDescriptor>> used = new TreeMap<>();
        file.accept(new KtTreeVisitorVoid() {
            @Override public void visitImportList(KtImportList list) {}

            @Override public void visitPackageDirective(KtPackageDirective directive) {}

            @Override public void visitSimpleNameExpression(KtSimpleNameExpression name) {
                super.visitSimpleNameExpression(name);
                if (single.contains(name.getReferencedName()) || isQualified(name)) return;
                for (DeclarationDescriptor target : targets(name)) {
                    DeclarationDescriptor direct = direct(target);
                    DeclarationDescriptor around = direct == null ? null : direct.getContainingDeclaration();
                    if (around instanceof PackageFragmentDescriptor
                            && demanded.contains(((PackageFragmentDescriptor) around).getFqName().asString())) {
                        used.computeIfAbsent(around + "." + direct.getName(), x -> new HashSet<>()).add(direct);
                    }
                }
            }
        });
        used.values().forEach(targets -> edges(from, targets));
    }

    private static KtSimpleNameExpression last(KtExpression name) {
        if (name instanceof KtDotQualifiedExpression) {
            return last(((KtDotQualifiedExpression) name).getSelectorExpression());
        }
        return name instanceof KtSimpleNameExpression ? (KtSimpleNameExpression) name : null;
    }

    /** Whether a package stands before it. */
    private boolean isQualified(KtSimpleNameExpression name) {
        PsiElement around = name.getParent() instanceof KtCallExpression ? name.getParent() : name;
        if (around.getParent() instanceof KtUserType) {
            return ((KtUserType) around.getParent()).getQualifier() != null;
        }
        if (!(around.getParent() instanceof KtDotQualifiedExpression)) return false;
        KtDotQualifiedExpression whole = (KtDotQualifiedExpression) around.getParent();
        KtSimpleNameExpression before = last(whole.getReceiverExpression());
        return whole.getSelectorExpression() == around && before != null
                && targets(before).stream().anyMatch(t -> t instanceof PackageViewDescriptor);
    }

    private Collection<? extends DeclarationDescriptor> targets(KtReferenceExpression name) {
        DeclarationDescriptor one = bindings.get(BindingContext.REFERENCE_TARGET, name);
        if (one != null) return List.of(one);
        Collection<? extends DeclarationDescriptor> several =
                bindings.get(BindingContext.AMBIGUOUS_REFERENCE_TARGET, name);
        return several == null ? List.of() : several;
    }

    /** The type of a constructor, the property of its accessor; otherwise the thing itself. */
    private static DeclarationDescriptor direct(DeclarationDescriptor target) {
        if (target instanceof ConstructorDescriptor || target instanceof PropertyAccessorDescriptor) {
            return target.getContainingDeclaration();
        }
        return target instanceof ClassDescriptor && ((ClassDescriptor) target).isCompanionObject()
                ? target.getContainingDeclaration() : target;
    }

    /** To the files of what is around the targets at the top level. */
    private void edges(String from, Collection<? extends DeclarationDescriptor> targets) {
        Set<String> found = new TreeSet<>();
        boolean doubled = false;
        for (DeclarationDescriptor target : targets) {
            DeclarationDescriptor top = target;
            while (top != null && !(top.getContainingDeclaration() instanceof PackageFragmentDescriptor)) {
                top = top.getContainingDeclaration();
            }
            if (top == null) continue;
            String full = DescriptorUtils.getFqName(top).asString();
            Set<String> same = types.getOrDefault(full, Set.of());
            doubled |= same.size() > 1;
            found.addAll(same);
            PsiElement source = DescriptorToSourceUtils.getSourceFromDescriptor(top);
            if (source != null && source.getContainingFile().getVirtualFile() != null) {
                Path path = Path.of(source.getContainingFile().getVirtualFile().getPath());
                if (path.startsWith(root)) found.add(root.relativize(path).toString());
            }
        }
        doubled |= found.stream().map(Truth::sourceSet).distinct().count() > 1;
        Set<String> into = doubled ? neutral : edges;
        found.stream().filter(to -> !to.equals(from)).forEach(to -> into.add(pair(from, to)));
    }

    private static String sourceSet(String file) {
        Matcher set = SOURCE_SET.matcher(file);
        return set.matches() ? set.group(1) : "";
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
