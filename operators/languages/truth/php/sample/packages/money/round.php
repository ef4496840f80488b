<?php
namespace Money;

function round(mixed $x): int { return (int) $x; }
