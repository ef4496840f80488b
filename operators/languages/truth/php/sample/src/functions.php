<?php
namespace Shop {
    use Shop\Model\{Failure, Level};
    if (!function_exists('Shop\sum')) {
        function sum(int ...$all): int { return array_sum($all); }
    }
}
namespace Shop\Text {
    use function Shop\sum;
    use const Shop\DEBUG;
    function length(string $text): int { return DEBUG ? sum(1) : 0; }
}
