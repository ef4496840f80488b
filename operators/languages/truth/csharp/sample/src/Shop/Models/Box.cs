namespace Shop.Models
{
    public class Box { }
}
