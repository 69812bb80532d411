import Testing
import TinyStatistics

@Suite("Hierarchical bootstrap")
struct HierarchicalBootstrapTests {
    /// The standard deviation of the drawn values about their mean.
    private func deviation(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
    }

    private func outcomes(right: Int, of problems: Int) -> [Bool] { (0..<problems).map { $0 < right } }

    @Test("draws as many problems as there are: all right stays all right, all wrong all wrong")
    func sure() {
        let bootstrap = HierarchicalBootstrap(problems: 37, draws: 50)
        #expect(bootstrap.shares(outcomes(right: 37, of: 37)) == [Double](repeating: 1, count: 50))
        #expect(bootstrap.shares(outcomes(right: 0, of: 37)) == [Double](repeating: 0, count: 50))
    }

    /// A share p of n problems drawn again has the standard deviation √(p (1 - p) / n). Over B draws that is seen to a relative
    /// error of about 1 / √(2 B); four of those are allowed, for the mean as well.
    @Test("spreads one run as the binomial distribution does", arguments: [(40, 400), (200, 400), (399, 400), (3, 10)])
    func binomial(right: Int, problems: Int) {
        let draws = 4000
        let shares = HierarchicalBootstrap(problems: problems, draws: draws).shares(
            outcomes(right: right, of: problems))
        let p = Double(right) / Double(problems)
        let expected = (p * (1 - p) / Double(problems)).squareRoot()
        let mean = shares.reduce(0, +) / Double(draws)
        #expect(abs(mean - p) < 4 * expected / Double(draws).squareRoot())
        #expect(abs(deviation(shares) / expected - 1) < 4 / (2 * Double(draws)).squareRoot())
    }

    /// Runs that are all right or all wrong carry no noise from problems; the mean of S draws from S values a has the variance
    /// of a (divisor S) over S.
    @Test("spreads several runs as drawing runs again does")
    func seeds() {
        let draws = 4000, bootstrap = HierarchicalBootstrap(problems: 8, draws: draws)
        let right = bootstrap.shares(outcomes(right: 8, of: 8)), wrong = bootstrap.shares(outcomes(right: 0, of: 8))
        let means = bootstrap.means(of: [right, right, wrong], as: .measured)
        let expected = (2.0 / 9 / 3).squareRoot()
        #expect(abs(deviation(means) / expected - 1) < 4 / (2 * Double(draws)).squareRoot())
        #expect(bootstrap.means(of: [right], as: .measured) == right)
    }

    @Test("uses the same problems for everything, and different runs for what is measured and its reference")
    func pairing() {
        let bootstrap = HierarchicalBootstrap(problems: 20, draws: 200)
        let first = bootstrap.shares(outcomes(right: 7, of: 20)), second = bootstrap.shares(outcomes(right: 12, of: 20))
        // The second has every right answer of the first, so no draw can turn their order round.
        #expect(zip(first, second).allSatisfy(<=))
        let measured = bootstrap.means(of: [first, second], as: .measured)
        #expect(measured != bootstrap.means(of: [first, second], as: .reference))
        #expect(measured == HierarchicalBootstrap(problems: 20, draws: 200).means(of: [first, second], as: .measured))
        #expect(HierarchicalBootstrap(problems: 20, draws: 200, seed: 1).shares(outcomes(right: 7, of: 20)) != first)
    }

    @Test("an interval leaves out equal shares of the values on both sides")
    func percentiles() throws {
        let hundred = (0...100).map(Double.init)
        let most = try #require(PercentileInterval(of: hundred.reversed()))
        #expect(abs(most.low - 2.5) < 1e-12 && abs(most.high - 97.5) < 1e-12)
        let half = try #require(PercentileInterval(of: hundred, confidence: 0.5))
        #expect(half.low == 25 && half.high == 75)
        let single = try #require(PercentileInterval(of: [3]))
        #expect(single.low == 3 && single.high == 3)
        #expect(PercentileInterval(of: []) == nil)
        #expect(PercentileInterval(of: [1, .infinity]) == nil)
    }
}
