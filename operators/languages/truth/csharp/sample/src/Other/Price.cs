namespace Shop.Models
{
    public class Price { }
}
