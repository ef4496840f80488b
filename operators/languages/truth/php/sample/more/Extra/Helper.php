<?php
namespace Shop\Extra;

use function Shop\Text\length;
use Mapped\Thing;

class Helper {}
