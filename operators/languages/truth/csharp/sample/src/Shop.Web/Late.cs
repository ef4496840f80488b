namespace Shop.Web.Late;

public class Late
{
    public Price Price { get; }
}
