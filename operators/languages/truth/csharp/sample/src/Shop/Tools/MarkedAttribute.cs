using System;

namespace Shop.Tools
{
    public sealed class MarkedAttribute : Attribute { }
}
