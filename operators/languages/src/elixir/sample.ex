defmodule Shop.Item do
  @moduledoc """
  An item.
  """

  use GenServer
  import Ecto.Query, only: [from: 2]
  alias Shop.{Store, Price}
  alias Shop.Money.Euro, as: E
  require Logger
  # import Never

  @behaviour Shop.Sellable
  @timeout 5_000

  @typedoc "A key."
  @type id :: integer()
  @typep secret :: atom()
  @opaque handle(a) :: {a, id}

  defstruct [:name, cents: 0]

  @doc """
  Adds one.

      def not_this, do: import(X)
  """
  @spec add(t(), integer()) :: t()
  def add(item, n \\ 1)

  def add(%{cents: c} = item, n) when is_integer(n) do
    import Bitwise
    %{item | cents: c + n}
  end

  def add(item, _), do: item

  @doc false
  def add(item, a, b), do: {item, a, b}

  @impl true
  def init(_), do: {:ok, nil}

  defp hidden(x), do: x
  defguard is_item(x) when is_map(x)
  defdelegate size(item), to: Shop.Store

  @doc "Twice."
  defmacro twice(x) do
    quote do
      def generated(), do: unquote(x)
    end
  end

  defmacrop secretly(x), do: x

  def a <~> b, do: a + b
  def unquote(name)(), do: 1

  defmodule Inner do
    def deep, do: :ok
  end

  defexception message: "closed"
end

defprotocol Shop.Size do
  @doc "Its size."
  @spec size(t) :: integer
  def size(data)
end

defimpl Shop.Size, for: Map do
  def size(m), do: map_size(m)
end

defmodule Shop.Sellable do
  @callback sell(item :: term) :: :ok
  @macrocallback build(term) :: Macro.t()
end

IO.puts("defmodule Never do end")
