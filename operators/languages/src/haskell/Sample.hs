{-# LANGUAGE GADTs #-}
-- | The shop.
-- Sells things.
module Shop.Item
  ( Item (..)
  , Price
  , Seller (sell)
  , total
  , (<+>)
  , module Shop.Types
  ) where

import qualified Data.Map as M
import Data.List (sortBy, foldl')
import Prelude hiding (lookup)
import Shop.Types
import "base" Data.Maybe
-- import Never

-- | An item.
-- On two lines.
data Item = Item
  { name :: String -- ^ Its name.
  , cents :: !Int
  }
  | Nothing' Int
  | Int :+: Int
  deriving (Show, Eq)

data Void

newtype Price = Price { getPrice :: Int }

data Expr a where
  -- | A number.
  Num :: Int -> Expr Int
  Add :: Expr Int -> Expr Int -> Expr Int

type Name = String

{- | Sells. -}
class Monad m => Seller m where
  type Goods m
  -- | Sells one.
  sell :: Goods m -> m Price
  sell _ = undefined
  close :: m ()

-- | How to sell.
instance Seller IO where
  type Goods IO = Item
  sell = return . Price . cents

instance Show Void
class Empty a
data family Vec a

sorted :: Ord a => [a] -> [a]
sorted = undefined

newtype Age = Age Int

mapped :: forall a b. (a -> b) -> [a] -> [b]
mapped = undefined

run :: forall a. Show a => a -> IO ()
run = undefined

-- | Sums up.
total :: [Item] -> Int
total [] = 0
total (x : xs)
  | cents x > 0 = cents x + rest
  | otherwise = rest
  where
    rest = total xs

infixl 6 <+>
(<+>) :: Price -> Price -> Price
Price a <+> Price b = Price (a + b)

left, right :: Int
left = 1
right = 2

hidden x y = x + y

type family Elem c
type instance Elem [e] = e
pattern Zero = Price 0
foreign import ccall "math.h sin" c_sin :: Double -> Double

main = do
  let local = 1
  print local
