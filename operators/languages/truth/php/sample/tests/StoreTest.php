<?php
namespace Shop\Tests;

use PHPUnit\Framework\TestCase;
use Shop\Store;
use Mapped\Inner\Other;

class StoreTest extends TestCase {}
class Double extends Store {}
