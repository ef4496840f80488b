using Shop.Models;

namespace Shop
{
    public abstract class Base
    {
        public Color Color { get; set; }
    }
}
