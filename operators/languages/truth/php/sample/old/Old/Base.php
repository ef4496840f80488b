<?php
class Old_Base {}
