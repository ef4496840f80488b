namespace Shop.Models
{
    public struct Price
    {
        public Price(int cents) { Item = null; }

        public Item Item;
    }
}
