using System;
using System.Collections.Generic;
using Shop.Models;
using Shop.Tools;

namespace Shop
{
    /// <summary>Something for sale.</summary>
    public partial class Item : Base
    {
        // using Shop.Never;
        private readonly Price price = new Price(1);
        private readonly string text = "using Shop.Models.Color;";

        public List<Size> Sizes() => text.Halves(2);
    }

    public enum Size { Small, Large }
}
