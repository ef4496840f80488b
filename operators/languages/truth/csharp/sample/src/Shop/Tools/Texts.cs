using System.Collections.Generic;

namespace Shop.Tools
{
    public static class Texts
    {
        public static List<Size> Halves(this string text, int by) => null;

        public static string Trim(string text) => text;
    }
}
