<?php
// require 'never.php';
/* include __DIR__ . '/src/functions.php'; */
require __DIR__ . '/vendor/autoload.php';
require_once __DIR__ . '/lib/setup.php';
include 'lib/page.phtml';
include $argv[1];
include BASE . '/lib/other.php';
echo "require 'lib/other.php'";
