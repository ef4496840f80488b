using Shop.Models;
using Shop.Tools;
using static Shop.Tools.Texts;
using Money = Shop.Models.Price;

namespace Shop.Web
{
    [Marked]
    public class Page
    {
        Box<int> box;
        Money money;
        string Name => Trim(nameof(Color));
    }
}
