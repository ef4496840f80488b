/** What is sold. */
@Generated
package shop.core.model;

import shop.core.util.Generated;
