<?php
namespace Shop;

trait Logs { private function log(): void { throw new Model\Error(); } }
