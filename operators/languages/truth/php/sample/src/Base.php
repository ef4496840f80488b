<?php
namespace Shop;

use const Shop\Model\MOST;
use \Shop\Tests\Double;

abstract class Base { const MOST = MOST; }
