namespace Shop.Models;

public enum Color { Red }
