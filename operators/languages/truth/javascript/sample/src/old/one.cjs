exports.one = exports.two = 1;
