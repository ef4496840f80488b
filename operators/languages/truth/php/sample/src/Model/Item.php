<?php
namespace Shop\Model;

use shop\BASE;
use Shop\Missing;

const MOST = 9;
class Item extends Base { const LIMIT = 1; }
