<?php
namespace Money\Currency;

require_once __DIR__ . '/../round.php';

enum Euro: int { case ONE = 1; }
