namespace Shop.Web
{
    using Models;

    public class View : Page
    {
        object Make() => new Box();

        Shop.Models.Color color;
    }
}
