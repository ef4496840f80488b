<?php
namespace Shop\Model;

use Shop\Extra\Helper;

interface Failure {}
class Error extends \Exception implements Failure { public function help(): Helper {} }
enum Level: int { case Low = 1; }
