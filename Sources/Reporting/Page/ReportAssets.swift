/// The page's own style and script: files beside this one that the build puts into the program.
enum ReportAssets {
    static var style: String { String(decoding: PackageResources.report_css, as: UTF8.self) }
    static var servedScript: String { String(decoding: PackageResources.serve_js, as: UTF8.self) }
    static var script: String { String(decoding: PackageResources.report_js, as: UTF8.self) }
}
