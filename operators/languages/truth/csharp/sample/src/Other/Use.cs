using Shop.Models;

namespace Other
{
    public class Use
    {
        public Price Price { get; }
    }
}
