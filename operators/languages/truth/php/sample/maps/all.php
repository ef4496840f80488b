<?php
namespace Mapped;
class Thing {}
namespace Mapped\Inner;
use Mapped\Thing;
use Shop\Store;
class Other extends Thing {}
