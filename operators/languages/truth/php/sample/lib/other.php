<?php return ['a' => \Shop\Model\Item::class];
