import juice
import juice.fallback
from orchard.storage.inner import box
press = 1
