use crate::exec::cpu::Real;

/// Within two units in the last place of the exact power, over all numbers that occur and beyond.
#[test]
fn exp_is_exact_enough() {
    for step in -9_000..=800 {
        let x = step as f32 * 0.01 + 0.003;
        let exact = f64::from(x).exp();
        let apart = (f64::from(Real::exp(x)) - exact).abs();
        let unit = if x < -87.0 { 1e-37 } else { exact * f64::from(f32::EPSILON) };
        assert!(apart <= 2.0 * unit, "exp({x}) is off by {} units", apart / unit);
    }
    assert_eq!(Real::exp(f32::NEG_INFINITY).to_bits(), 0);
    assert_eq!(Real::exp(0.0_f32).to_bits(), 1.0_f32.to_bits());
    assert!(Real::exp(f32::NAN).is_nan());
}
