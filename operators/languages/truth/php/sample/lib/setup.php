<?php

use Shop\Store, Shop\Model as M;
use function Shop\sum;

define('Shop\DEBUG', false);

function setup(): Store
{
    include_once(dirname(__FILE__) . '/' . "other.php");
    require dirname(__DIR__, 1) . '/old/Old/Thing.php';
    return new Store(new M\Item('a'), sum(1, 2));
}
