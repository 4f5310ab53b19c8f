"""Vectors of `LANES` numbers inside numba kernels, each operation one of LLVM's own on vectors.

Whether a loop becomes vector code is the compiler's guess; these vectors leave nothing to guess.
LLVM maps them to the registers of the machine, of 512, 256 or 128 bits. A product that is added
becomes a fused multiply-add where the machine has one (LLVM's flag `contract`); nothing is
reordered, so a lane's value does not depend on the other lanes.

Both `resound.dsp` and `resound.distances` are made of these, so the module stands below the two.
The operations are inlined into kernels; `resound.compiled.cache` compiles those again after an edit
here.
"""

# mypy: disallow-untyped-decorators=False, disallow-subclassing-any=False

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, models, register_model

LANES = 16


class LanesType(types.Type):
    """The numba type of `LANES` numbers of type `scalar`."""

    def __init__(self, scalar: types.Float) -> None:
        self.scalar = scalar
        super().__init__(name=f"Lanes({scalar})")


@register_model(LanesType)
class LanesModel(models.PrimitiveModel):
    """`LanesType` in memory and in registers: a vector of LLVM's."""

    def __init__(self, dmm: Any, fe_type: LanesType) -> None:
        scalar = dmm.lookup(fe_type.scalar).get_value_type()
        super().__init__(dmm, fe_type, ir.VectorType(scalar, LANES))


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    """Return the address of the lanes that begin at item `start` of a contiguous array."""
    data = context.make_array(array_type)(context, builder, array).data
    vector = context.get_value_type(LanesType(array_type.dtype))
    return builder.bitcast(builder.gep(data, [start]), vector.as_pointer())


def _load(context: Any, builder: Any, array_type: Any, array: Any, start: Any) -> Any:
    pointer = _pointer(context, builder, array_type, array, start)
    return builder.load(pointer, align=context.get_abi_sizeof(pointer.type.pointee.element))


def _store(
    context: Any, builder: Any, array_type: Any, array: Any, start: Any, vector: Any
) -> None:
    pointer = _pointer(context, builder, array_type, array, start)
    builder.store(vector, pointer, align=context.get_abi_sizeof(pointer.type.pointee.element))


def _transpose(builder: Any, rows: list[Any]) -> list[Any]:
    """Return the columns of `LANES` vectors: blocks off the diagonal change places, ever smaller.

    The larger blocks are whole registers of narrow machines, or halves and quarters of wide ones.
    """
    rows = list(rows)
    size = LANES // 2
    while size:
        keep = [i if not i & size else LANES + i - size for i in range(LANES)]
        give = [i + size if not i & size else LANES + i for i in range(LANES)]
        masks = [ir.Constant(ir.VectorType(ir.IntType(32), LANES), each) for each in (keep, give)]
        for upper in (i for i in range(LANES) if not i & size):
            pair = rows[upper], rows[upper + size]
            rows[upper], rows[upper + size] = (builder.shuffle_vector(*pair, m) for m in masks)
        size //= 2
    return rows


@intrinsic
def load(typingctx: Any, array: Any, start: Any) -> Any:
    """Return the items `start` to `start + LANES` of a flat view of `array`, unchecked."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _load(context, builder, signature.args[0], *args)

    return LanesType(array.dtype)(array, types.intp), codegen


@intrinsic
def widen(typingctx: Any, a: Any) -> Any:
    """Return lanes of float64 with the values of `a`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = context.get_value_type(signature.return_type)
        return args[0] if args[0].type == wide else builder.fpext(args[0], wide)

    return LanesType(types.float64)(a), codegen


@intrinsic
def store(typingctx: Any, array: Any, start: Any, lanes: Any) -> Any:
    """Set the items `start` to `start + LANES` of a flat view of `array`, unchecked."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _store(context, builder, signature.args[0], *args)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), codegen


@intrinsic
def fill(typingctx: Any, value: Any) -> Any:
    """Return `value` in all lanes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(signature.return_type)
        first = ir.Constant(ir.IntType(32), 0)
        undefined = ir.Constant(vector, ir.Undefined)
        one = builder.insert_element(undefined, args[0], first)
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(one, undefined, mask)

    return LanesType(value)(value), codegen


@intrinsic
def add(typingctx: Any, a: Any, b: Any) -> Any:
    """Return a + b."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(*args)

    return a(a, b), codegen


@intrinsic
def subtract(typingctx: Any, a: Any, b: Any) -> Any:
    """Return a - b."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fsub(*args)

    return a(a, b), codegen


@intrinsic
def multiply(typingctx: Any, a: Any, b: Any) -> Any:
    """Return a b, rounded."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fmul(*args)

    return a(a, b), codegen


@intrinsic
def add_product(typingctx: Any, total: Any, a: Any, b: Any) -> Any:
    """Return total + a b."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total, a, b = args
        product = builder.fmul(a, b, flags=("contract",))
        return builder.fadd(total, product, flags=("contract",))

    return total(total, a, b), codegen


@intrinsic
def subtract_product(typingctx: Any, total: Any, a: Any, b: Any) -> Any:
    """Return total - a b."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total, a, b = args
        product = builder.fmul(a, b, flags=("contract",))
        return builder.fsub(total, product, flags=("contract",))

    return total(total, a, b), codegen


@intrinsic
def add_squared_difference(typingctx: Any, total: Any, a: Any, b: Any) -> Any:
    """Return total + (a - b)^2, the same for (b, a) to the last bit."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        total, a, b = args
        difference = builder.fsub(a, b)
        square = builder.fmul(difference, difference, flags=("contract",))
        return builder.fadd(total, square, flags=("contract",))

    return total(total, a, b), codegen


@intrinsic
def minimum(typingctx: Any, a: Any, b: Any) -> Any:
    """Return the smaller of a and b, lane by lane, for numbers that are not NaN."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", *args), *args)

    return a(a, b), codegen


@intrinsic
def maximum(typingctx: Any, a: Any, b: Any) -> Any:
    """Return the larger of a and b, lane by lane, for numbers that are not NaN."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered(">", *args), *args)

    return a(a, b), codegen


@intrinsic
def all_above(typingctx: Any, a: Any, limit: Any) -> Any:
    """Return whether all lanes of `a` are greater than the lanes of `limit`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = ir.IntType(LANES)
        above = builder.bitcast(builder.fcmp_ordered(">", *args), bits)
        return builder.icmp_unsigned("==", above, ir.Constant(bits, 2**LANES - 1))

    return types.boolean(a, limit), codegen


@intrinsic
def square_root(typingctx: Any, a: Any) -> Any:
    """Return the square root, correctly rounded."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = args[0].type
        name = f"llvm.sqrt.v{LANES}f{signature.return_type.scalar.bitwidth}"
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector]), name
        )
        return builder.call(function, args)

    return a(a), codegen


@intrinsic
def store_transposed(
    typingctx: Any, target: Any, at: Any, source: Any, first: Any, stride: Any, factors: Any
) -> Any:
    """Put LANES weighted numbers of each of LANES overlapping rows into lanes, a row a lane.

    Lane l of the i-th lanes of `target` from item `at` on becomes
    ``source[stride * l + first + i] * factors[first + i]``. Flat views, unchecked.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        target_type, _, source_type, _, _, factors_type = signature.args
        target, at, source, start, stride, factors = args
        weights = _load(context, builder, factors_type, factors, start)
        rows = []
        for _ in range(LANES):
            row = _load(context, builder, source_type, source, start)
            rows.append(builder.fmul(row, weights))
            start = builder.add(start, stride)
        for column in _transpose(builder, rows):
            _store(context, builder, target_type, target, at, column)
            at = builder.add(at, ir.Constant(at.type, LANES))
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp, types.intp, factors), codegen


@intrinsic
def gather_transposed(
    typingctx: Any, target: Any, at: Any, source: Any, starts: Any, offset: Any
) -> Any:
    """Put LANES numbers of each of LANES rows into lanes, a row a lane, wherever the rows begin.

    Lane l of the i-th lanes of `target` from item `at` on becomes
    ``source[starts[l] + offset + i]``, with `starts` an array of int64. Flat views, unchecked.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        target_type, _, source_type, starts_type, _ = signature.args
        target, at, source, starts, offset = args
        first = context.make_array(starts_type)(context, builder, starts).data
        rows = []
        for lane in range(LANES):
            start = builder.load(builder.gep(first, [ir.Constant(at.type, lane)]))
            rows.append(_load(context, builder, source_type, source, builder.add(start, offset)))
        for column in _transpose(builder, rows):
            _store(context, builder, target_type, target, at, column)
            at = builder.add(at, ir.Constant(at.type, LANES))
        return context.get_dummy_value()

    return types.void(target, types.intp, source, starts, types.intp), codegen
