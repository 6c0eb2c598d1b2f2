//! Countries (ISO 3166-1), with the codes that telephone numbers of theirs begin with (ITU-T E.164), and the states and
//! provinces (ISO 3166-2) of the two countries whose addresses need one.

/// A country.
#[derive(Debug, PartialEq, Eq)]
pub struct Country {
    /// Two letters.
    pub code2: &'static str,
    /// Three letters.
    pub code3: &'static str,
    /// In English.
    pub name: &'static str,
    /// Begins its telephone numbers, if it has one of its own or shares one.
    pub dialing_code: Option<u16>,
}

/// The country with this code of two or three letters, in any case.
pub fn find(code: &str) -> Option<&'static Country> {
    let code = code.to_ascii_uppercase();
    match code.len() {
        2 => (COUNTRIES
            .binary_search_by(|country| country.code2.cmp(&code))
            .ok())
        .map(|index| &COUNTRIES[index]),
        3 => COUNTRIES.iter().find(|country| country.code3 == code),
        _ => None,
    }
}

/// Codes of the states of this country, if an address there needs one.
pub fn states(code2: &str) -> Option<&'static [&'static str]> {
    match code2 {
        "US" => Some(&STATES_OF_US),
        "CA" => Some(&PROVINCES_OF_CA),
        _ => None,
    }
}

/// With the districts, the outlying areas, and the areas of military mail (AA, AE, AP) that addresses name like states.
const STATES_OF_US: [&str; 60] = [
    "AA", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU",
    "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MP", "MS",
    "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR", "RI", "SC",
    "SD", "TN", "TX", "UM", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY",
];

const PROVINCES_OF_CA: [&str; 13] = [
    "AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT",
];

/// By `code2`.
static COUNTRIES: [Country; 249] = [
    country("AD", "AND", "Andorra", 376),
    country("AE", "ARE", "United Arab Emirates", 971),
    country("AF", "AFG", "Afghanistan", 93),
    country("AG", "ATG", "Antigua and Barbuda", 1),
    country("AI", "AIA", "Anguilla", 1),
    country("AL", "ALB", "Albania", 355),
    country("AM", "ARM", "Armenia", 374),
    country("AO", "AGO", "Angola", 244),
    country("AQ", "ATA", "Antarctica", 0),
    country("AR", "ARG", "Argentina", 54),
    country("AS", "ASM", "American Samoa", 1),
    country("AT", "AUT", "Austria", 43),
    country("AU", "AUS", "Australia", 61),
    country("AW", "ABW", "Aruba", 297),
    country("AX", "ALA", "Åland Islands", 358),
    country("AZ", "AZE", "Azerbaijan", 994),
    country("BA", "BIH", "Bosnia and Herzegovina", 387),
    country("BB", "BRB", "Barbados", 1),
    country("BD", "BGD", "Bangladesh", 880),
    country("BE", "BEL", "Belgium", 32),
    country("BF", "BFA", "Burkina Faso", 226),
    country("BG", "BGR", "Bulgaria", 359),
    country("BH", "BHR", "Bahrain", 973),
    country("BI", "BDI", "Burundi", 257),
    country("BJ", "BEN", "Benin", 229),
    country("BL", "BLM", "Saint Barthélemy", 590),
    country("BM", "BMU", "Bermuda", 1),
    country("BN", "BRN", "Brunei Darussalam", 673),
    country("BO", "BOL", "Bolivia", 591),
    country("BQ", "BES", "Bonaire, Sint Eustatius and Saba", 599),
    country("BR", "BRA", "Brazil", 55),
    country("BS", "BHS", "Bahamas", 1),
    country("BT", "BTN", "Bhutan", 975),
    country("BV", "BVT", "Bouvet Island", 0),
    country("BW", "BWA", "Botswana", 267),
    country("BY", "BLR", "Belarus", 375),
    country("BZ", "BLZ", "Belize", 501),
    country("CA", "CAN", "Canada", 1),
    country("CC", "CCK", "Cocos (Keeling) Islands", 61),
    country("CD", "COD", "Congo, The Democratic Republic of the", 243),
    country("CF", "CAF", "Central African Republic", 236),
    country("CG", "COG", "Congo", 242),
    country("CH", "CHE", "Switzerland", 41),
    country("CI", "CIV", "Côte d'Ivoire", 225),
    country("CK", "COK", "Cook Islands", 682),
    country("CL", "CHL", "Chile", 56),
    country("CM", "CMR", "Cameroon", 237),
    country("CN", "CHN", "China", 86),
    country("CO", "COL", "Colombia", 57),
    country("CR", "CRI", "Costa Rica", 506),
    country("CU", "CUB", "Cuba", 53),
    country("CV", "CPV", "Cabo Verde", 238),
    country("CW", "CUW", "Curaçao", 599),
    country("CX", "CXR", "Christmas Island", 61),
    country("CY", "CYP", "Cyprus", 357),
    country("CZ", "CZE", "Czechia", 420),
    country("DE", "DEU", "Germany", 49),
    country("DJ", "DJI", "Djibouti", 253),
    country("DK", "DNK", "Denmark", 45),
    country("DM", "DMA", "Dominica", 1),
    country("DO", "DOM", "Dominican Republic", 1),
    country("DZ", "DZA", "Algeria", 213),
    country("EC", "ECU", "Ecuador", 593),
    country("EE", "EST", "Estonia", 372),
    country("EG", "EGY", "Egypt", 20),
    country("EH", "ESH", "Western Sahara", 212),
    country("ER", "ERI", "Eritrea", 291),
    country("ES", "ESP", "Spain", 34),
    country("ET", "ETH", "Ethiopia", 251),
    country("FI", "FIN", "Finland", 358),
    country("FJ", "FJI", "Fiji", 679),
    country("FK", "FLK", "Falkland Islands (Malvinas)", 500),
    country("FM", "FSM", "Micronesia, Federated States of", 691),
    country("FO", "FRO", "Faroe Islands", 298),
    country("FR", "FRA", "France", 33),
    country("GA", "GAB", "Gabon", 241),
    country("GB", "GBR", "United Kingdom", 44),
    country("GD", "GRD", "Grenada", 1),
    country("GE", "GEO", "Georgia", 995),
    country("GF", "GUF", "French Guiana", 594),
    country("GG", "GGY", "Guernsey", 44),
    country("GH", "GHA", "Ghana", 233),
    country("GI", "GIB", "Gibraltar", 350),
    country("GL", "GRL", "Greenland", 299),
    country("GM", "GMB", "Gambia", 220),
    country("GN", "GIN", "Guinea", 224),
    country("GP", "GLP", "Guadeloupe", 590),
    country("GQ", "GNQ", "Equatorial Guinea", 240),
    country("GR", "GRC", "Greece", 30),
    country(
        "GS",
        "SGS",
        "South Georgia and the South Sandwich Islands",
        0,
    ),
    country("GT", "GTM", "Guatemala", 502),
    country("GU", "GUM", "Guam", 1),
    country("GW", "GNB", "Guinea-Bissau", 245),
    country("GY", "GUY", "Guyana", 592),
    country("HK", "HKG", "Hong Kong", 852),
    country("HM", "HMD", "Heard Island and McDonald Islands", 0),
    country("HN", "HND", "Honduras", 504),
    country("HR", "HRV", "Croatia", 385),
    country("HT", "HTI", "Haiti", 509),
    country("HU", "HUN", "Hungary", 36),
    country("ID", "IDN", "Indonesia", 62),
    country("IE", "IRL", "Ireland", 353),
    country("IL", "ISR", "Israel", 972),
    country("IM", "IMN", "Isle of Man", 44),
    country("IN", "IND", "India", 91),
    country("IO", "IOT", "British Indian Ocean Territory", 246),
    country("IQ", "IRQ", "Iraq", 964),
    country("IR", "IRN", "Iran", 98),
    country("IS", "ISL", "Iceland", 354),
    country("IT", "ITA", "Italy", 39),
    country("JE", "JEY", "Jersey", 44),
    country("JM", "JAM", "Jamaica", 1),
    country("JO", "JOR", "Jordan", 962),
    country("JP", "JPN", "Japan", 81),
    country("KE", "KEN", "Kenya", 254),
    country("KG", "KGZ", "Kyrgyzstan", 996),
    country("KH", "KHM", "Cambodia", 855),
    country("KI", "KIR", "Kiribati", 686),
    country("KM", "COM", "Comoros", 269),
    country("KN", "KNA", "Saint Kitts and Nevis", 1),
    country("KP", "PRK", "North Korea", 850),
    country("KR", "KOR", "South Korea", 82),
    country("KW", "KWT", "Kuwait", 965),
    country("KY", "CYM", "Cayman Islands", 1),
    country("KZ", "KAZ", "Kazakhstan", 7),
    country("LA", "LAO", "Laos", 856),
    country("LB", "LBN", "Lebanon", 961),
    country("LC", "LCA", "Saint Lucia", 1),
    country("LI", "LIE", "Liechtenstein", 423),
    country("LK", "LKA", "Sri Lanka", 94),
    country("LR", "LBR", "Liberia", 231),
    country("LS", "LSO", "Lesotho", 266),
    country("LT", "LTU", "Lithuania", 370),
    country("LU", "LUX", "Luxembourg", 352),
    country("LV", "LVA", "Latvia", 371),
    country("LY", "LBY", "Libya", 218),
    country("MA", "MAR", "Morocco", 212),
    country("MC", "MCO", "Monaco", 377),
    country("MD", "MDA", "Moldova", 373),
    country("ME", "MNE", "Montenegro", 382),
    country("MF", "MAF", "Saint Martin (French part)", 590),
    country("MG", "MDG", "Madagascar", 261),
    country("MH", "MHL", "Marshall Islands", 692),
    country("MK", "MKD", "North Macedonia", 389),
    country("ML", "MLI", "Mali", 223),
    country("MM", "MMR", "Myanmar", 95),
    country("MN", "MNG", "Mongolia", 976),
    country("MO", "MAC", "Macao", 853),
    country("MP", "MNP", "Northern Mariana Islands", 1),
    country("MQ", "MTQ", "Martinique", 596),
    country("MR", "MRT", "Mauritania", 222),
    country("MS", "MSR", "Montserrat", 1),
    country("MT", "MLT", "Malta", 356),
    country("MU", "MUS", "Mauritius", 230),
    country("MV", "MDV", "Maldives", 960),
    country("MW", "MWI", "Malawi", 265),
    country("MX", "MEX", "Mexico", 52),
    country("MY", "MYS", "Malaysia", 60),
    country("MZ", "MOZ", "Mozambique", 258),
    country("NA", "NAM", "Namibia", 264),
    country("NC", "NCL", "New Caledonia", 687),
    country("NE", "NER", "Niger", 227),
    country("NF", "NFK", "Norfolk Island", 672),
    country("NG", "NGA", "Nigeria", 234),
    country("NI", "NIC", "Nicaragua", 505),
    country("NL", "NLD", "Netherlands", 31),
    country("NO", "NOR", "Norway", 47),
    country("NP", "NPL", "Nepal", 977),
    country("NR", "NRU", "Nauru", 674),
    country("NU", "NIU", "Niue", 683),
    country("NZ", "NZL", "New Zealand", 64),
    country("OM", "OMN", "Oman", 968),
    country("PA", "PAN", "Panama", 507),
    country("PE", "PER", "Peru", 51),
    country("PF", "PYF", "French Polynesia", 689),
    country("PG", "PNG", "Papua New Guinea", 675),
    country("PH", "PHL", "Philippines", 63),
    country("PK", "PAK", "Pakistan", 92),
    country("PL", "POL", "Poland", 48),
    country("PM", "SPM", "Saint Pierre and Miquelon", 508),
    country("PN", "PCN", "Pitcairn", 0),
    country("PR", "PRI", "Puerto Rico", 1),
    country("PS", "PSE", "Palestine, State of", 970),
    country("PT", "PRT", "Portugal", 351),
    country("PW", "PLW", "Palau", 680),
    country("PY", "PRY", "Paraguay", 595),
    country("QA", "QAT", "Qatar", 974),
    country("RE", "REU", "Réunion", 262),
    country("RO", "ROU", "Romania", 40),
    country("RS", "SRB", "Serbia", 381),
    country("RU", "RUS", "Russian Federation", 7),
    country("RW", "RWA", "Rwanda", 250),
    country("SA", "SAU", "Saudi Arabia", 966),
    country("SB", "SLB", "Solomon Islands", 677),
    country("SC", "SYC", "Seychelles", 248),
    country("SD", "SDN", "Sudan", 249),
    country("SE", "SWE", "Sweden", 46),
    country("SG", "SGP", "Singapore", 65),
    country(
        "SH",
        "SHN",
        "Saint Helena, Ascension and Tristan da Cunha",
        290,
    ),
    country("SI", "SVN", "Slovenia", 386),
    country("SJ", "SJM", "Svalbard and Jan Mayen", 47),
    country("SK", "SVK", "Slovakia", 421),
    country("SL", "SLE", "Sierra Leone", 232),
    country("SM", "SMR", "San Marino", 378),
    country("SN", "SEN", "Senegal", 221),
    country("SO", "SOM", "Somalia", 252),
    country("SR", "SUR", "Suriname", 597),
    country("SS", "SSD", "South Sudan", 211),
    country("ST", "STP", "Sao Tome and Principe", 239),
    country("SV", "SLV", "El Salvador", 503),
    country("SX", "SXM", "Sint Maarten (Dutch part)", 1),
    country("SY", "SYR", "Syria", 963),
    country("SZ", "SWZ", "Eswatini", 268),
    country("TC", "TCA", "Turks and Caicos Islands", 1),
    country("TD", "TCD", "Chad", 235),
    country("TF", "ATF", "French Southern Territories", 0),
    country("TG", "TGO", "Togo", 228),
    country("TH", "THA", "Thailand", 66),
    country("TJ", "TJK", "Tajikistan", 992),
    country("TK", "TKL", "Tokelau", 690),
    country("TL", "TLS", "Timor-Leste", 670),
    country("TM", "TKM", "Turkmenistan", 993),
    country("TN", "TUN", "Tunisia", 216),
    country("TO", "TON", "Tonga", 676),
    country("TR", "TUR", "Türkiye", 90),
    country("TT", "TTO", "Trinidad and Tobago", 1),
    country("TV", "TUV", "Tuvalu", 688),
    country("TW", "TWN", "Taiwan", 886),
    country("TZ", "TZA", "Tanzania", 255),
    country("UA", "UKR", "Ukraine", 380),
    country("UG", "UGA", "Uganda", 256),
    country("UM", "UMI", "United States Minor Outlying Islands", 0),
    country("US", "USA", "United States", 1),
    country("UY", "URY", "Uruguay", 598),
    country("UZ", "UZB", "Uzbekistan", 998),
    country("VA", "VAT", "Holy See (Vatican City State)", 39),
    country("VC", "VCT", "Saint Vincent and the Grenadines", 1),
    country("VE", "VEN", "Venezuela", 58),
    country("VG", "VGB", "Virgin Islands, British", 1),
    country("VI", "VIR", "Virgin Islands, U.S.", 1),
    country("VN", "VNM", "Vietnam", 84),
    country("VU", "VUT", "Vanuatu", 678),
    country("WF", "WLF", "Wallis and Futuna", 681),
    country("WS", "WSM", "Samoa", 685),
    country("YE", "YEM", "Yemen", 967),
    country("YT", "MYT", "Mayotte", 262),
    country("ZA", "ZAF", "South Africa", 27),
    country("ZM", "ZMB", "Zambia", 260),
    country("ZW", "ZWE", "Zimbabwe", 263),
];

const fn country(
    code2: &'static str,
    code3: &'static str,
    name: &'static str,
    dialing_code: u16,
) -> Country {
    Country {
        code2,
        code3,
        name,
        dialing_code: match dialing_code {
            0 => None,
            code => Some(code),
        },
    }
}

/// All countries by name, for choosing one.
pub fn by_name() -> Vec<&'static Country> {
    let mut all: Vec<&Country> = COUNTRIES.iter().collect();
    all.sort_by_key(|country| country.name);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_found_by_both_codes() {
        let country = find("us").unwrap();
        assert_eq!((country.code3, country.dialing_code), ("USA", Some(1)));
        assert_eq!(find("USA"), Some(country));
        for code in ["", "U", "XX", "XXX", "USAX"] {
            assert_eq!(find(code), None, "{code}");
        }
        assert!(COUNTRIES.is_sorted_by_key(|country| country.code2));
    }

    #[test]
    fn only_two_countries_need_a_state() {
        assert!(states("US").unwrap().contains(&"VA") && states("CA").unwrap().contains(&"ON"));
        assert_eq!(states("DE"), None);
    }
}
