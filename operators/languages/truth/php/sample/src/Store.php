<?php

declare(strict_types=1);

namespace Shop;

use Money\{Amount, Currency\Euro as E, function round as around};
use Old_Thing;
use Shop\Model\Item;
use Countable;

/** Sells. */
final class Store extends Base implements Countable
{
    use Logs;

    public function __construct(private readonly Item $item, private int|Amount $sum) {}

    public function count(): int
    {
        $add = function () use ($x) { return around(E::ONE); };
        return $this->sum;
    }
}
