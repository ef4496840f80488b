<?php
class Old_Thing extends Old_Base {}
