import juice.press
