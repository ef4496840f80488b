<?php
namespace Money;

use Money\Currency\Euro;

final class Amount {}
