package money

// Zero is nothing.
const Zero = 0
