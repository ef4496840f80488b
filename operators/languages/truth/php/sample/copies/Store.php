<?php
namespace Shop;

use Money\Amount;

class Store {}
