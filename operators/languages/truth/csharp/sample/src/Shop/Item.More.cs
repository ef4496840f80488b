namespace Shop
{
    public partial class Item
    {
        public int Count { get; set; }
    }
}
