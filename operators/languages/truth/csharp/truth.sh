#!/bin/sh
# truth.sh DOTNET FOLDER > TRUTH.json, where DOTNET is the folder of a .NET SDK (see Truth.cs).
set -e
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_ROLL_FORWARD=Major
roslyn=$(ls -d "$1"/sdk/*/Roslyn/bincore | tail -1)
shared=$(ls -d "$1"/shared/Microsoft.NETCore.App/* | tail -1)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
references=$(for dll in "$shared"/System*.dll "$shared"/netstandard.dll "$shared"/mscorlib.dll; do echo "-r:$dll"; done | grep -v Native)
"$1"/dotnet "$roslyn"/csc.dll -nologo -optimize+ -nowarn:CS1701,CS1702 $references -r:"$roslyn"/Microsoft.CodeAnalysis.dll \
    -r:"$roslyn"/Microsoft.CodeAnalysis.CSharp.dll -out:"$work"/Truth.dll "$(dirname "$0")"/Truth.cs >&2
cp "$roslyn"/Microsoft.CodeAnalysis.dll "$roslyn"/Microsoft.CodeAnalysis.CSharp.dll "$work"
cp "$roslyn"/System.*.dll "$work" 2>/dev/null || true
version=$(basename "$shared")
echo "{\"runtimeOptions\": {\"framework\": {\"name\": \"Microsoft.NETCore.App\", \"version\": \"$version\"}}}" > "$work"/Truth.runtimeconfig.json
"$1"/dotnet "$work"/Truth.dll "$2"
