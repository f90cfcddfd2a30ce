/// How long to wait after the `failures`-th failure in a row (from 1): doubled each time, and somewhere in the upper
/// half of that, so that many clients of one server do not come back at the same moment.
package func retryDelay(
    after failures: Int, options: DownloadOptions, using generator: inout some RandomNumberGenerator
)
    -> Double
{
    let doubled = options.firstDelay * Double(1 << min(max(failures - 1, 0), 30))
    let delay = min(doubled, options.longestDelay)
    return Double.random(in: delay / 2...delay, using: &generator)
}
